import assert from "node:assert/strict";
import type { Pixels } from "../../images/pixels.ts";
import golden from "../../tests/fixtures/upscale/golden.json" with { type: "json" };
import { testPicture } from "../testing/test_picture.ts";
import { unsharpMask } from "./unsharp_mask.ts";

const usual = { radius: 1, amount: 0.5, threshold: 0 };

Deno.test("unsharpMask() gives the numbers of SciPy's Gaussian", () => {
  const picture = testPicture({ channels: 3, width: 12, height: 10 });
  const { data } = unsharpMask(picture, { radius: 1.3, amount: 0.8, threshold: 2 });
  assert.deepEqual([...data], golden.sharpened);
});

Deno.test("unsharpMask() leaves alpha and what is flat alone, and does nothing with an amount of 0", () => {
  const flat: Pixels = { width: 5, height: 4, channels: 3, data: new Uint8Array(60).fill(77) };
  assert.deepEqual(unsharpMask(flat, usual).data, flat.data);
  const picture = testPicture({ channels: 4, width: 9, height: 7 });
  const sharp = unsharpMask(picture, usual);
  assert.deepEqual(sharp.data.filter((_, i) => i % 4 === 3), picture.data.filter((_, i) => i % 4 === 3));
  assert.notDeepEqual(sharp.data, picture.data);
  assert.deepEqual(unsharpMask(picture, { ...usual, amount: 0 }).data, picture.data);
  assert.deepEqual(unsharpMask(picture, { ...usual, threshold: 255 }).data, picture.data);
});

Deno.test("an edge is steeper after unsharpMask(), on both sides", () => {
  const edge: Pixels = { width: 8, height: 1, channels: 1, data: Uint8Array.of(80, 80, 80, 80, 160, 160, 160, 160) };
  const { data } = unsharpMask(edge, usual);
  assert(data[3]! < 80 && data[4]! > 160, data.join());
});
