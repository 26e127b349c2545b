import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { encodePng } from "../images/png_encode.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { isHeldOut } from "../train/data/hold_out.ts";
import { drawDiscs } from "./_test_drawings.ts";
import { parseEvaluationConfig } from "./config.ts";
import { Drawings, isSeen } from "./drawings.ts";

const colours = { dark: "#000000", light: "#ffffff", red: "#ff0000" };
const heldOut = { modulo: 3, remainder: 0 };
const size = { width: 32, height: 32 };

async function open(path: string, data: Record<string, unknown> = {}, channels = 3): Promise<Drawings> {
  const config = parseEvaluationConfig({ data: { backgrounds: { colours, heldOut }, ...data } }, {
    file: "train.jsonc",
  });
  return await Drawings.open(path, { data: config.data, size, channels });
}

Deno.test("load() lays a drawing on each of the backgrounds, at the size of the model", async () => {
  await inTempFolder(async (folder) => {
    await drawDiscs(folder, { count: 2, side: 48 });
    const drawings = await open(folder);
    const { data, shape } = await drawings.load(1, ["red", "dark"]);
    assert.deepEqual(shape, [2, 3, 32, 32]);
    const pixel = (picture: number, at: number) => [0, 1, 2].map((c) => data[((picture * 3 + c) * 32 * 32) + at]!);
    assert.deepEqual([pixel(0, 0), pixel(1, 0)], [[1, 0, 0], [0, 0, 0]]);
    const middle = 16 * 32 + 16;
    assert.deepEqual(pixel(0, middle), pixel(1, middle));
    assert.notDeepEqual(pixel(0, middle), [1, 0, 0]);
    assert.equal(drawings.captionOf({ index: 1, colour: "red" }), "disc 1, on a red background");
    assert.equal(drawings.captionOf({ index: 1, colour: undefined }), "disc 1");
  });
});

Deno.test("candidates and held-out pairs together are all pairs, each once", async () => {
  await inTempFolder(async (folder) => {
    await drawDiscs(folder, { count: 6, side: 8 });
    const drawings = await open(folder);
    const all = () => true;
    const [trained, unseen] = [drawings.candidates(all), drawings.heldOutPairs(all)];
    for (const index of [0, 1, 2, 3, 4, 5]) {
      const kept = trained[index]!.colours as string[];
      const held = unseen[index]!.colours as string[];
      assert.deepEqual([...kept, ...held].sort(), Object.keys(colours).sort());
      for (const colour of held) assert.ok(isHeldOut([`disc ${index}`, colour], heldOut));
    }
    assert.ok(unseen.some(({ colours }) => colours.length > 0));
    const only = drawings.candidates((caption) => caption === "disc 4");
    assert.deepEqual(only.map(({ index }) => index), [4]);
  });
});

Deno.test("without backgrounds a picture is as it is, and there are no pairs", async () => {
  await inTempFolder(async (folder) => {
    await drawDiscs(folder, { count: 2, side: 8 });
    const drawings = await open(folder, { backgrounds: undefined });
    assert.equal(drawings.colours, undefined);
    assert.deepEqual(drawings.candidates(() => true)[1], { index: 1, colours: [undefined] });
    assert.deepEqual(drawings.heldOutPairs(() => true).flatMap(({ colours }) => colours), []);
    const { data } = await drawings.load(0, [undefined]);
    assert.equal(data[0], 1);
  });
});

Deno.test("`only` keeps some captions, and the order of the data set", async () => {
  await inTempFolder(async (folder) => {
    await drawDiscs(folder, { count: 12, side: 8 });
    const drawings = await open(folder, { only: "disc 1" });
    assert.deepEqual(drawings.captions, ["disc 1", "disc 10", "disc 11"]);
    await Deno.writeTextFile(
      join(folder, "metadata.jsonl"),
      [0, 1, 2].map((i) => JSON.stringify({ file_name: `${i}.png`, text: i === 1 ? "b" : "a" })).join("\n"),
    );
    const renamed = await open(folder, { only: "." });
    assert.deepEqual(renamed.captions, ["a", "b", "a"]);
    await assert.rejects(() => open(folder, { only: "fox" }), ConfigError);
    await assert.rejects(() => open(folder, { only: "(" }), /data\.only: Expected a regular expression/);
  });
});

Deno.test("an opaque or damaged picture is named", async () => {
  await inTempFolder(async (folder) => {
    await drawDiscs(folder, { count: 2, side: 8 });
    await Deno.writeFile(
      join(folder, "0.png"),
      encodePng({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) }),
    );
    await Deno.writeFile(join(folder, "1.png"), (await Deno.readFile(join(folder, "1.png"))).subarray(0, 40));
    const drawings = await open(folder);
    const says = (index: number, message: RegExp) =>
      assert.rejects(
        () => drawings.load(index, ["red"]),
        (error) => error instanceof CheckpointError && message.test(error.message),
      );
    await says(0, /^0\.png: Expected a drawing with alpha.*dataset check/);
    await says(1, /^1\.png: .*dataset check/);
  });
});

Deno.test("isSeen() is true of every caption without a rule, else of those that it does not hold out", () => {
  const rule = { modulo: 2, remainder: 1 };
  for (const caption of ["a", "b", "c", "d"]) {
    assert.equal(isSeen(undefined)(caption), true);
    assert.equal(isSeen(rule)(caption), !isHeldOut([caption], rule));
  }
});
