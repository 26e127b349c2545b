import assert from "node:assert/strict";
import type { Pixels } from "./pixels.ts";
import { sideBySide } from "./side_by_side.ts";

const grey = (width: number, ...data: number[]): Pixels => ({
  width,
  height: data.length / width,
  channels: 1,
  data: Uint8Array.from(data),
});

Deno.test("sideBySide() keeps the rows of every picture, in the order of the pictures", () => {
  const joined = sideBySide([grey(2, 1, 2, 3, 4), grey(1, 5, 6), grey(2, 7, 8, 9, 10)]);
  assert.deepEqual(joined, { ...grey(5, 1, 2, 5, 7, 8, 3, 4, 6, 9, 10), height: 2 });
  const colour: Pixels = { width: 1, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3) };
  assert.deepEqual(sideBySide([colour, colour]).data, Uint8Array.of(1, 2, 3, 1, 2, 3));
});

Deno.test("sideBySide() refuses pictures of other heights or channels, and none", () => {
  assert.throws(() => sideBySide([grey(1, 1), grey(1, 1, 2)]), /1 rows and 1 channels but found 2 and 1/);
  assert.throws(() => sideBySide([grey(1, 1), { ...grey(1, 1, 1, 1), height: 1, channels: 3 }]), RangeError);
  assert.throws(() => sideBySide([]), RangeError);
});
