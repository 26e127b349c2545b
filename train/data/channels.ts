/**
 * Rows of a picture as numbers of 0 to 1, in the channels that a network takes.
 * @module
 */
import { CheckpointError } from "../../errors.ts";
import type { Picture } from "./picture.ts";

/** Red, green and blue of 0 to 1, sRGB. */
export type Rgb = readonly [number, number, number];

/** Options of {@linkcode rowReader}. */
export interface RowReaderOptions {
  /** Wanted channels. */
  readonly channels: number;
  /** Laid under alpha that is not wanted. */
  readonly background: Rgb;
}

/** Writes row `y` into `row`: [width, channels], channels side by side. */
export type RowReader = (y: number, row: Float32Array) => void;

/** Weights of ITU-R BT.601, with which Pillow makes grey. */
const luma: Rgb = [0.299, 0.587, 0.114];

/**
 * How the rows of a picture are read in other channels.
 *
 * The same number of channels is taken as it is, alpha as a channel of its own. Else 1 to 4 channels are grey or colour, 2 and 4 with
 * alpha: grey is repeated, colour is weighted to grey, missing alpha is opaque, and alpha that is not wanted is laid over a
 * background. Samples are divided by the largest value of their depth.
 *
 * @throws {CheckpointError} where the numbers of channels differ and one is greater than 4
 */
export function rowReader(picture: Picture, { channels, background }: RowReaderOptions): RowReader {
  const { width, channels: from, depth, data } = picture;
  const scale = depth === 32 ? 1 : 1 / (2 ** depth - 1);
  if (from === channels) {
    const stride = width * channels;
    return (y, row) => {
      for (let i = 0, at = y * stride; i < stride; i++) row[i] = data[at++]! * scale;
    };
  }
  if (from > 4 || channels > 4) {
    throw new CheckpointError(
      `it has ${countChannels(from)} where ${channels} ${channels === 1 ? "is" : "are"} trained`,
    );
  }
  const isGrey = from < 3;
  const hasAlpha = from % 2 === 0;
  const wantsAlpha = channels % 2 === 0;
  const wantsGrey = channels < 3;
  // Without alpha in the result a pixel is laid over the background; with it, it stays as it is.
  const [r, g, b]: Rgb = wantsAlpha ? [0, 0, 0] : background;
  return (y, row) => {
    let to = 0;
    for (let at = y * width * from, end = at + width * from; at < end; at += from) {
      const alpha = hasAlpha ? data[at + from - 1]! * scale : 1;
      const cover = wantsAlpha ? 1 : alpha;
      const red = data[at]! * scale * cover + r * (1 - cover);
      const green = data[isGrey ? at : at + 1]! * scale * cover + g * (1 - cover);
      const blue = data[isGrey ? at : at + 2]! * scale * cover + b * (1 - cover);
      if (wantsGrey) row[to++] = luma[0] * red + luma[1] * green + luma[2] * blue;
      else {
        row[to++] = red;
        row[to++] = green;
        row[to++] = blue;
      }
      if (wantsAlpha) row[to++] = alpha;
    }
  };
}

function countChannels(count: number): string {
  return count === 1 ? "1 channel" : `${count} channels`;
}
