import assert from "node:assert/strict";
import { measuresOf } from "./measures.ts";

const trip = { autoencoded: [30, 34], reconstructed: [20, 25], similar: [0.5, 1], top1: { value: 0.5, count: 2 } };
const text = {
  top1: { value: 0.75, count: 4 },
  top5: { value: 1, count: 4 },
  distance: { value: 12.5, count: 4 },
  backgrounds: [true, true, false, true],
};

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
    ["stageB.ssim", 0.75, 2, undefined],
    ["stageB.top1", 0.5, 2, false],
    ["text.top1", 0.75, 4, false],
    ["text.top5", 1, 4, true],
    ["text.distance", 12.5, 4, undefined],
    ["text.background", 0.75, 4, false],
    ["heldOut.top1", 0.75, 4, true],
    ["heldOut.top5", 1, 4, true],
    ["heldOut.background", 1, 4, true],
    ["drawings.background", 1, 2, undefined],
  ]);
});

Deno.test("what could not be measured has no value and passes no bar", () => {
  const one = { value: 1, count: 1 };
  const measures = measuresOf({ captions: { top1: one, top5: one, distance: undefined, backgrounds: [] } });
  const background = measures.find(({ id }) => id === "text.background")!;
  assert.deepEqual([background.value, background.passed, background.count, background.bar], [
    undefined,
    undefined,
    0,
    0.97,
  ]);
  assert.equal(measures.filter(({ value }) => value !== undefined).length, 2);
});
