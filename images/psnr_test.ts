import assert from "node:assert/strict";
import { psnr } from "./psnr.ts";

const close = (found: number, wanted: number) => assert.ok(Math.abs(found - wanted) < 1e-9, `${found}, not ${wanted}`);

Deno.test("psnr() is 20·log10(peak / d) where every sample differs by d", () => {
  close(psnr([0.2, 0.4, 0.9], [0.3, 0.3, 1]), 20);
  close(psnr(Uint8Array.of(0, 10, 200), Uint8Array.of(1, 9, 201), { peak: 255 }), 20 * Math.log10(255));
});

Deno.test("psnr() is the mean over the samples before the logarithm", () => {
  close(psnr([0, 0, 0, 0], [0.2, 0, 0, 0]), -10 * Math.log10(0.01));
});

Deno.test("psnr() of black and white is 0 dB, and infinite where nothing is lost", () => {
  close(psnr([0, 0], [1, 1]), 0);
  assert.equal(psnr([0.5], [0.5]), Infinity);
});

Deno.test("psnr() refuses pictures of different sizes, and empty ones", () => {
  assert.throws(() => psnr([1], [1, 2]), RangeError);
  assert.throws(() => psnr([], []), RangeError);
});
