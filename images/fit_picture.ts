import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Pixels } from "./pixels.ts";
import { resize } from "./resize.ts";

/**
 * Makes a picture as large as is wanted: resized (bicubic) until it just covers the size, cut to its middle, alpha that is not wanted laid
 * on white, grey spread over colours or colours averaged to grey.
 *
 * @returns 0…1, [1, channels, height, width]
 */
export function fitPicture(
  picture: Pixels,
  { height, width, channels }: { height: number; width: number; channels: number },
): Tensor<"float32"> {
  const scale = Math.max(width / picture.width, height / picture.height);
  const covering = {
    width: Math.max(width, Math.round(picture.width * scale)),
    height: Math.max(height, Math.round(picture.height * scale)),
  };
  const resized = resize(picture, covering);
  const left = Math.floor((covering.width - width) / 2);
  const top = Math.floor((covering.height - height) / 2);
  const fitted = tensor("float32", [1, channels, height, width]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = ((y + top) * covering.width + x + left) * resized.channels;
      const colours = coloursOf(resized.data.subarray(from, from + resized.channels), channels);
      for (let c = 0; c < channels; c++) fitted.data[(c * height + y) * width + x] = colours[c]! / 255;
    }
  }
  return fitted;
}

/** One pixel in `channels` numbers of 0 to 255. */
function coloursOf(pixel: Uint8Array, channels: number): number[] {
  const [red = 0, green = red, blue = red, alpha = 255] = pixel;
  if (channels === 4) return [red, green, blue, alpha];
  const onWhite = [red, green, blue].map((value) => (value * alpha + 255 * (255 - alpha)) / 255);
  return channels === 1 ? [onWhite.reduce((sum, value) => sum + value, 0) / 3] : onWhite;
}
