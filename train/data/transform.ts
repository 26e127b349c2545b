/**
 * From a decoded picture to what a network is trained on: resized, cropped, mirrored, as numbers of 0 to 1.
 * @module
 */
import { type ResampleFilter, type Resampling, resampling } from "../../tensor/resample.ts";
import type { BucketSize } from "./buckets.ts";
import { type Rgb, rowReader } from "./channels.ts";
import type { SampleDraws } from "./draws.ts";
import type { Picture } from "./picture.ts";

/** How pictures are prepared: a part of a training's configuration. */
export interface TransformOptions {
  /** Channels of the network. */
  readonly channels: number;
  /** Which part of a picture is kept. Default `"center"`. */
  readonly crop?: "center" | "random";
  /** Mirror every other picture, left to right. Default false. */
  readonly flip?: boolean;
  /**
   * `"cover"` resizes a picture until it just covers the wanted size; `"native"` cuts it out at its own scale where it is large enough.
   * Default `"cover"`.
   */
  readonly fit?: "cover" | "native";
  /** Default `"bicubic"`; `"box"` averages areas. */
  readonly filter?: ResampleFilter;
}

/** What is wanted of one picture. */
export interface TransformRequest {
  readonly size: BucketSize;
  /** For random crops and flips; without it the crop is central and nothing is mirrored. */
  readonly draws?: SampleDraws;
  /** Laid under alpha that the network does not take; white unless told. */
  readonly background?: Rgb;
  /** Where to write the result: channels × height × width numbers. A new array unless told. */
  readonly out?: Float32Array;
}

/** The part of a picture that is used, in pixels after resizing it to width × height. */
export interface Placement {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly isMirrored: boolean;
}

/**
 * Where the wanted size lies in a picture. A central crop has the odd pixel of its margins on the right and below.
 *
 * @throws {RangeError} where a side is no integer greater than 0
 */
export function placePicture(
  picture: BucketSize,
  { size, draws }: TransformRequest,
  options: TransformOptions,
): Placement {
  for (const [name, side] of [["width", size.width], ["height", size.height]] as const) {
    if (!Number.isInteger(side) || side < 1) {
      throw new RangeError(`Expected ${name} to be an integer greater than 0 but found ${side}`);
    }
  }
  const isLarge = picture.width >= size.width && picture.height >= size.height;
  const scale = options.fit === "native" && isLarge
    ? 1
    : Math.max(size.width / picture.width, size.height / picture.height);
  const width = Math.max(size.width, Math.round(picture.width * scale));
  const height = Math.max(size.height, Math.round(picture.height * scale));
  const isRandom = options.crop === "random" && draws !== undefined;
  return {
    width,
    height,
    left: Math.floor(isRandom ? draws.cropX * (width - size.width + 1) : (width - size.width) / 2),
    top: Math.floor(isRandom ? draws.cropY * (height - size.height + 1) : (height - size.height) / 2),
    isMirrored: options.flip === true && draws !== undefined && draws.flip < 0.5,
  };
}

/**
 * Prepares a picture: [channels, height, width] of 0 to 1.
 *
 * Resizing is that of Pillow and torch with antialiasing (see tensor/resample.ts), in one go with the crop: only what the
 * crop needs is read. Results of filters that overshoot are clamped. See {@linkcode rowReader} for the channels.
 *
 * @throws {CheckpointError} where the picture has channels that cannot become those of the network
 * @throws {RangeError} where a side is no integer greater than 0
 */
export function transformPicture(picture: Picture, request: TransformRequest, options: TransformOptions): Float32Array {
  const { size: { width, height }, background = [1, 1, 1] } = request;
  const { channels, filter = "bicubic" } = options;
  const { out = new Float32Array(channels * height * width) } = request;
  const placement = placePicture(picture, request, options);
  const read = rowReader(picture, { channels, background });
  const across = taps(picture.width, placement.width, filter);
  const down = taps(picture.height, placement.height, filter);
  const { first, rows } = neededRows(down, { top: placement.top, height });
  const narrow = new Float32Array(rows * width * channels);
  const row = new Float32Array(picture.width * channels);
  for (let y = 0; y < rows; y++) {
    read(first + y, row);
    resampleRow(row, narrow.subarray(y * width * channels, (y + 1) * width * channels), {
      taps: across,
      channels,
      placement,
    });
  }
  const line = new Float64Array(width * channels);
  for (let y = 0; y < height; y++) {
    const i = placement.top + y;
    line.fill(0);
    for (let j = 0, at = (down.starts[i]! - first) * line.length; j < down.counts[i]!; j++) {
      const weight = down.weights[i * down.width + j]!;
      for (let k = 0; k < line.length; k++) line[k]! += weight * narrow[at++]!;
    }
    for (let c = 0; c < channels; c++) {
      let to = (c * height + y) * width;
      for (let k = c; k < line.length; k += channels) {
        const value = line[k]!;
        out[to++] = value < 0 ? 0 : value > 1 ? 1 : value;
      }
    }
  }
  return out;
}

/** A side that keeps its length needs no filter: one tap of weight 1 a pixel. */
function taps(from: number, to: number, filter: ResampleFilter): Resampling {
  return resampling(from, to, { filter: from === to ? "nearest" : filter });
}

/** The old rows that new rows `top` to `top + height` are made of. */
function neededRows({ starts, counts }: Resampling, { top, height }: { top: number; height: number }) {
  let first = Infinity;
  let end = 0;
  for (let i = top; i < top + height; i++) {
    first = Math.min(first, starts[i]!);
    end = Math.max(end, starts[i]! + counts[i]!);
  }
  return { first, rows: end - first };
}

interface RowOptions {
  readonly taps: Resampling;
  readonly channels: number;
  readonly placement: Placement;
}

/** Resamples and crops one row, and mirrors it. */
function resampleRow(row: Float32Array, out: Float32Array, { taps, channels, placement }: RowOptions): void {
  const width = out.length / channels;
  const { starts, counts, weights, width: stride } = taps;
  for (let x = 0; x < width; x++) {
    const i = placement.left + (placement.isMirrored ? width - 1 - x : x);
    const first = starts[i]! * channels;
    const tap = i * stride;
    const end = tap + counts[i]!;
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let j = tap, at = first + c; j < end; j++, at += channels) sum += weights[j]! * row[at]!;
      out[x * channels + c] = sum;
    }
  }
}
