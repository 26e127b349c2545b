import assert from "node:assert/strict";
import { measuresOf } from "./measures.ts";

const trip = { autoencoded: [30, 34], reconstructed: [20, 25], ranks: [1, 2] };
const text = { ranks: [1, 1, 1, 4], backgrounds: [true, true, false, true] };

Deno.test("measuresOf() takes means over pictures and shares of pictures, and holds them against the bars", () => {
  const measures = measuresOf({
    unseenByStageA: trip,
    seenByStageB: trip,
    captions: text,
    heldOutPairs: { ...text, backgrounds: [true, true, true, true] },
    borders: [true, true],
  });
  const found = measures.filter(({ value }) => value !== undefined);
  assert.deepEqual(found.map(({ id, value, count, passed }) => [id, value, count, passed]), [
    ["stageA.unseen.psnr", 32, 2, true],
    ["stageA.psnr", 32, 2, undefined],
    ["stageB.psnr", 22.5, 2, false],
    ["stageB.top1", 0.5, 2, false],
    ["text.top1", 0.75, 4, false],
    ["text.top5", 1, 4, true],
    ["text.background", 0.75, 4, false],
    ["heldOut.top1", 0.75, 4, true],
    ["heldOut.top5", 1, 4, true],
    ["heldOut.background", 1, 4, true],
    ["drawings.background", 1, 2, undefined],
  ]);
});

Deno.test("what could not be measured has no value and passes no bar", () => {
  const measures = measuresOf({ captions: { ranks: [1], backgrounds: [] } });
  const background = measures.find(({ id }) => id === "text.background")!;
  assert.deepEqual([background.value, background.passed, background.count, background.bar], [
    undefined,
    undefined,
    0,
    0.97,
  ]);
  assert.equal(measures.filter(({ value }) => value !== undefined).length, 2);
});
