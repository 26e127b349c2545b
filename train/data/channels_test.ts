import assert from "node:assert/strict";
import { CheckpointError } from "../../errors.ts";
import { type Rgb, rowReader } from "./channels.ts";
import type { Picture } from "./picture.ts";

function read(samples: number[], channels: number, { background = [1, 1, 1] as Rgb } = {}): number[] {
  const picture: Picture = { width: 1, height: 1, channels: samples.length, depth: 8, data: Uint8Array.from(samples) };
  const row = new Float32Array(channels);
  rowReader(picture, { channels, background })(0, row);
  return [...row].map((value) => Math.round(value * 255));
}

Deno.test("grey is repeated, colour is weighted to grey as Pillow does", () => {
  assert.deepEqual(read([7], 3), [7, 7, 7]);
  // Image.new("RGB", (1, 1), (200, 100, 50)).convert("L")
  assert.deepEqual(read([200, 100, 50], 1), [124]);
});

Deno.test("alpha that is not wanted is laid over the background", () => {
  assert.deepEqual(read([200, 100, 50, 0], 3, { background: [0, 0.2, 1] }), [0, 51, 255]);
  assert.deepEqual(read([200, 100, 50, 255], 3, { background: [0, 0.2, 1] }), [200, 100, 50]);
  assert.deepEqual(read([200, 100, 50, 51], 3, { background: [0, 0, 0] }), [40, 20, 10]);
  assert.deepEqual(read([100, 0], 1), [255]);
  assert.deepEqual(read([100, 51], 3, { background: [0, 0, 0] }), [20, 20, 20]);
});

Deno.test("missing alpha is opaque, and alpha that is wanted stays beside untouched colour", () => {
  assert.deepEqual(read([1, 2, 3], 4), [1, 2, 3, 255]);
  assert.deepEqual(read([9], 2), [9, 255]);
  assert.deepEqual(read([9, 30], 4), [9, 9, 9, 30]);
  assert.deepEqual(read([9, 8, 7, 0], 4), [9, 8, 7, 0]);
});

Deno.test("other channels are taken as they are or not at all", () => {
  assert.deepEqual(read([1, 2, 3, 4, 5], 5), [1, 2, 3, 4, 5]);
  assert.throws(() => read([1, 2, 3, 4, 5], 3), (error) => {
    assert.ok(error instanceof CheckpointError);
    assert.equal(error.message, "it has 5 channels where 3 are trained");
    return true;
  });
  assert.throws(() => read([1], 5), /it has 1 channel where 5 are trained/);
});
