import assert from "node:assert/strict";
import fc from "fast-check";
import { downscale } from "./downscale.ts";
import type { Pixels } from "./pixels.ts";

function grey(width: number, height: number, values: readonly number[]): Pixels {
  return { width, height, channels: 1, data: Uint8Array.from(values) };
}

Deno.test("downscale() averages whole pixels", () => {
  const small = downscale(grey(4, 2, [0, 10, 100, 200, 20, 30, 100, 200]), { width: 2, height: 1 });
  assert.deepEqual(small, grey(2, 1, [15, 150]));
});

Deno.test("downscale() weights a pixel that is split by the part that falls on each side", () => {
  // 3 → 2: each new pixel covers one and a half old ones.
  assert.deepEqual(downscale(grey(3, 1, [30, 90, 150]), { width: 2, height: 1 }), grey(2, 1, [50, 130]));
});

Deno.test("downscale() keeps channels apart", () => {
  const pixels: Pixels = { width: 2, height: 1, channels: 3, data: Uint8Array.of(0, 10, 200, 20, 30, 100) };
  assert.deepEqual([...downscale(pixels, { width: 1, height: 1 }).data], [10, 20, 150]);
});

Deno.test("downscale() never enlarges", () => {
  const pixels = grey(2, 1, [5, 6]);
  assert.deepEqual(downscale(pixels, { width: 10, height: 10 }), pixels);
  assert.throws(() => downscale(pixels, { width: 0, height: 1 }), RangeError);
});

Deno.test("downscale() of one colour is that colour, whatever the sizes", () => {
  const side = fc.integer({ min: 1, max: 40 });
  fc.assert(fc.property(side, side, side, side, fc.integer({ min: 0, max: 255 }), (w, h, width, height, value) => {
    const small = downscale(grey(w, h, Array(w * h).fill(value)), { width, height });
    assert.ok(small.data.every((sample) => sample === value));
  }));
});
