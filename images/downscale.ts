/**
 * Makes a picture smaller.
 * @module
 */
import { checkPixels, type Pixels } from "./pixels.ts";

/**
 * Averages a picture over the area of each new pixel, fractions of old pixels included; sRGB values are averaged as they are.
 *
 * A side that is not smaller than before keeps its size. Alpha is averaged as a channel of its own.
 *
 * @throws {RangeError} where a size is no integer greater than 0
 */
export function downscale(pixels: Pixels, size: { width: number; height: number }): Pixels {
  checkPixels(pixels);
  for (const [name, side] of Object.entries(size)) {
    if (!Number.isInteger(side) || side < 1) {
      throw new RangeError(`Expected ${name} to be an integer greater than 0 but found ${side}`);
    }
  }
  const width = Math.min(size.width, pixels.width);
  const height = Math.min(size.height, pixels.height);
  const { channels, data } = pixels;
  const columns = spans(pixels.width, width);
  const rows = spans(pixels.height, height);
  const out = new Uint8Array(width * height * channels);
  const sums = new Float64Array(channels);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      sums.fill(0);
      for (const [j, down] of row.weights.entries()) {
        let at = ((row.start + j) * pixels.width + column.start) * channels;
        for (const across of column.weights) {
          for (let c = 0; c < channels; c++) sums[c]! += down * across * data[at++]!;
        }
      }
      for (const sum of sums) out[to++] = Math.round(sum);
    }
  }
  return { width, height, channels, data: out };
}

/** Which old pixels along a side a new one covers, and what part of it each makes up. */
interface Span {
  readonly start: number;
  /** Their sum is 1. */
  readonly weights: readonly number[];
}

function spans(from: number, to: number): Span[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, index) => {
    const [low, high] = [index * scale, Math.min((index + 1) * scale, from)];
    const start = Math.floor(low);
    const covered = Array.from(
      { length: Math.ceil(high) - start },
      (_, i) => (Math.min(start + i + 1, high) - Math.max(start + i, low)) / scale,
    );
    return { start, weights: covered };
  });
}
