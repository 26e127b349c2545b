import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeImage } from "../../images/codec.ts";
import { encodePng } from "../../images/png_encode.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import type { SampleLine } from "./log_line.ts";
import { samplePictures } from "./sample_pictures.ts";

const png = encodePng({ width: 960, height: 10, channels: 3, data: new Uint8Array(28_800).fill(200) });

function sample(step: number, file = `samples/${step}.png`): SampleLine {
  return { type: "sample", phase: "stageA", step, file };
}

async function withSamples(files: Record<string, Uint8Array>, test: (folder: string) => Promise<void>): Promise<void> {
  await inTempFolder(async (parent) => {
    const folder = join(parent, "run");
    await mkdir(join(folder, "samples"), { recursive: true });
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, "samples", name), bytes);
    await test(folder);
  });
}

function bytesOf(source: string): Uint8Array {
  return Uint8Array.fromBase64(source.slice(source.indexOf(",") + 1));
}

Deno.test("the last grid stays as it is, earlier ones are made small", () =>
  withSamples({ "1.png": png, "2.png": png }, async (folder) => {
    const { pictures: [first, last], missing } = await samplePictures(folder, [sample(1), sample(2)]);
    assert.deepEqual(missing, []);
    assert.match(first!.source, /^data:image\/webp;base64,/);
    assert.deepEqual([first!.width, first!.height], [480, 5]);
    const { width, height } = await decodeImage(bytesOf(first!.source));
    assert.deepEqual([width, height], [480, 5]);
    assert.match(last!.source, /^data:image\/png;base64,/);
    assert.deepEqual(bytesOf(last!.source), png);
    assert.deepEqual([last!.width, last!.height], [960, 10]);
  }));

Deno.test("a last grid of megabytes is made smaller", () => {
  const data = crypto.getRandomValues(new Uint8Array(60_000));
  const noise = encodePng({
    width: 2000,
    height: 200,
    channels: 3,
    data: Uint8Array.from({ length: 1_200_000 }, (_, i) => data[i * 7 % 59_999]!),
  });
  assert(noise.length > 700_000);
  return withSamples({ "1.png": noise }, async (folder) => {
    const { pictures: [last] } = await samplePictures(folder, [sample(1)]);
    assert.match(last!.source, /^data:image\/webp;base64,/);
    assert.deepEqual([last!.width, last!.height], [1600, 160]);
    assert(last!.source.length < 700_000);
  });
});

Deno.test("of many grids the first, the last and ten between them are kept", () => {
  const small = encodePng({ width: 4, height: 4, channels: 1, data: new Uint8Array(16) });
  const steps = Array.from({ length: 100 }, (_, i) => i + 1);
  return withSamples(Object.fromEntries(steps.map((step) => [`${step}.png`, small])), async (folder) => {
    const { pictures } = await samplePictures(folder, steps.map((step) => sample(step)));
    assert.deepEqual(pictures.map(({ sample }) => sample.step), [1, 10, 19, 28, 37, 46, 55, 64, 73, 82, 91, 100]);
  });
});

Deno.test("pictures that are missing, damaged or outside the folder are named and left out", () =>
  withSamples({ "1.png": png, "2.png": png.subarray(0, 40), "3.png": new Uint8Array() }, async (folder) => {
    await writeFile(join(folder, "..", "outside.png"), png);
    const samples = [
      sample(1),
      sample(2),
      sample(3),
      sample(4),
      sample(5, "../outside.png"),
      sample(6, join(folder, "samples", "1.png")),
      sample(7, "samples"),
    ];
    const { pictures, missing } = await samplePictures(folder, samples);
    assert.deepEqual(pictures.map(({ sample }) => sample.step), [1]);
    assert.deepEqual(missing, samples.slice(1).map(({ file }) => file));
  }));
