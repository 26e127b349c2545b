/**
 * Several pictures as one.
 * @module
 */
import { checkPixels, type Pixels } from "./pixels.ts";

/**
 * Puts pictures next to each other, left to right.
 *
 * @throws {RangeError} where there are none, or their heights or channels differ
 */
export function sideBySide(pictures: readonly Pixels[]): Pixels {
  const [first] = pictures;
  if (first === undefined) throw new RangeError("Expected pictures but found none");
  const { height, channels } = first;
  for (const picture of pictures) {
    checkPixels(picture);
    if (picture.height === height && picture.channels === channels) continue;
    throw new RangeError(
      `Expected pictures of ${height} rows and ${channels} channels but found ${picture.height} and ${picture.channels}`,
    );
  }
  const width = pictures.reduce((sum, picture) => sum + picture.width, 0);
  const data = new Uint8Array(height * width * channels);
  let left = 0;
  for (const picture of pictures) {
    const stride = picture.width * channels;
    for (let y = 0; y < height; y++) {
      data.set(picture.data.subarray(y * stride, (y + 1) * stride), y * width * channels + left);
    }
    left += stride;
  }
  return { width, height, channels, data };
}
