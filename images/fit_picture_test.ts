import assert from "node:assert/strict";
import { fitPicture } from "./fit_picture.ts";
import type { Pixels } from "./pixels.ts";

const picture = (width: number, height: number, channels: Pixels["channels"], data: number[]): Pixels => {
  return { width, height, channels, data: Uint8Array.from(data) };
};

Deno.test("fitPicture() keeps the middle of a picture that is too wide or too tall", () => {
  const wide = picture(4, 1, 1, [0, 51, 102, 255]);
  assert.deepEqual(
    [...fitPicture(wide, { width: 2, height: 1, channels: 1 }).data],
    [51 / 255, 102 / 255].map(Math.fround),
  );
  const tall = picture(1, 3, 1, [0, 51, 255]);
  assert.deepEqual([...fitPicture(tall, { width: 1, height: 1, channels: 1 }).data], [Math.fround(51 / 255)]);
});

Deno.test("fitPicture() puts colours in planes, lays alpha on white and spreads grey", () => {
  const two = picture(2, 1, 3, [255, 0, 0, 0, 255, 0]);
  const fitted = fitPicture(two, { width: 2, height: 1, channels: 3 });
  assert.deepEqual([fitted.shape, [...fitted.data]], [[1, 3, 1, 2], [1, 0, 0, 1, 0, 0]]);
  const clear = picture(1, 1, 4, [0, 0, 0, 0]);
  assert.deepEqual([...fitPicture(clear, { width: 1, height: 1, channels: 3 }).data], [1, 1, 1]);
  const grey = picture(1, 1, 1, [255]);
  assert.deepEqual([...fitPicture(grey, { width: 1, height: 1, channels: 4 }).data], [1, 1, 1, 1]);
  assert.deepEqual([...fitPicture(picture(1, 1, 3, [255, 0, 0]), { width: 1, height: 1, channels: 1 }).data], [
    Math.fround(1 / 3),
  ]);
});
