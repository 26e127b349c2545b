import assert from "node:assert/strict";
import { ConfigError } from "../../errors.ts";
import { type BatchJob, loadBatch } from "./load_batch.ts";
import { namedColours, parseColour } from "./named_colours.ts";
import { plainPng } from "./_test_files.ts";

const size = { width: 2, height: 2 };

function job(images: (Uint8Array | string)[], more: Partial<BatchJob> = {}): BatchJob {
  const places = images.map((image, position) => ({
    entry: {
      id: `${position}`,
      image: typeof image === "string" ? { path: image } : image,
      caption: { text: `number ${position}` },
    },
    epoch: 0,
    position,
  }));
  return { places, size, seed: 0, transform: { channels: 3 }, ...more };
}

Deno.test("a batch is [places, channels, height, width]", async () => {
  const [red, grey] = [plainPng(2, 2, { colour: [255, 0, 0] }), plainPng(5, 5, { colour: [51] })];
  const { images, samples } = await loadBatch(job([red, grey]));
  assert.deepEqual([...images.subarray(0, 12)], [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.ok(images.subarray(12).every((value) => Math.abs(value - 0.2) < 1e-6));
  assert.deepEqual(samples[1], { id: "1", caption: "number 1", background: undefined });
});

Deno.test("a picture that cannot be read is named, and another of the batch stands in for it", async () => {
  const good = [plainPng(2, 2, { colour: [0] }), plainPng(2, 2, { colour: [255] })];
  const { images, samples, unreadable } = await loadBatch(
    job([good[0]!, new Uint8Array(), good[1]!, "/nonexistent.png"], { transform: { channels: 1 } }),
  );
  assert.deepEqual(samples.map(({ id }) => id), ["0", "2", "2", "0"]);
  assert.deepEqual([0, 4, 8, 12].map((at) => images[at]), [0, 1, 1, 0]);
  assert.deepEqual(unreadable, [
    { id: "1", reason: "the file is empty" },
    { id: "3", reason: "the file is missing" },
  ]);
});

Deno.test("a batch of which nothing can be read has no samples", async () => {
  const { samples, unreadable } = await loadBatch(job(["/nonexistent", "/nonexistent"]));
  assert.equal(samples.length, 0);
  assert.equal(unreadable.length, 2);
});

Deno.test("drawings get a background and say it, other pictures do not", async () => {
  const clear = plainPng(2, 2, { colour: [1, 2, 3, 0] });
  const { images, samples } = await loadBatch(job([clear, plainPng(2, 2)], { backgrounds: {} }));
  const name = samples[0]!.background as keyof typeof namedColours;
  assert.equal(samples[0]!.caption, `number 0, on ${name === "orange" ? "an" : "a"} ${name} background`);
  parseColour(namedColours[name]).forEach((value, c) => assert.ok(Math.abs(images[4 * c]! - value) < 1e-6));
  assert.deepEqual(samples[1], { id: "1", caption: "number 1", background: undefined });
  const rgba = await loadBatch(job([clear], { backgrounds: {}, transform: { channels: 4 } }));
  assert.equal(rgba.samples[0]!.background, undefined);
});

Deno.test("what is wrong with the options is no fault of a picture", async () => {
  await assert.rejects(
    loadBatch(job([plainPng(1, 1, { colour: [0, 0, 0, 0] })], { backgrounds: { colours: {} } })),
    ConfigError,
  );
  await assert.rejects(loadBatch(job([plainPng(1, 1)], { size: { width: 0, height: 1 } })), RangeError);
});
