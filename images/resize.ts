/**
 * Resizes pictures: 8-bit ones to the same bytes as Pillow, float ones as torch's antialiased `interpolate`.
 *
 * Both passes are one-dimensional ({@linkcode resampling}). {@linkcode downscale} averages areas with fractions of pixels,
 * which neither library does.
 * @module
 */
import { type ResampleFilter, type Resampling, resampling } from "../tensor/resample.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { checkPixels, maxPixels, type Pixels } from "./pixels.ts";

/** Size of the result. */
export interface ResizeTo {
  readonly width: number;
  readonly height: number;
}

/**
 * Resizes an 8-bit picture to the bytes that Pillow's `Image.resize` gives: 22-bit fixed-point weights, rounded and clamped after
 * each pass. Colours are premultiplied with alpha on the way, except by `"nearest"`, whose choice of pixels is torch's.
 *
 * @throws {RangeError} where a size is no integer greater than 0
 */
export function resize(
  pixels: Pixels,
  { width, height }: ResizeTo,
  { filter = "bicubic" }: { filter?: ResampleFilter } = {},
): Pixels {
  checkPixels(pixels);
  const { channels } = pixels;
  const across = resampling(pixels.width, width, { filter });
  const down = resampling(pixels.height, height, { filter });
  if (width * height > maxPixels) {
    throw new RangeError(`Expected a picture of at most ${maxPixels} pixels but found ${width}x${height}`);
  }
  const isBlended = channels === 4 && filter !== "nearest";
  let data = isBlended ? premultiplied(pixels.data) : pixels.data;
  let [w, h] = [pixels.width, pixels.height];
  const goAcross = () => {
    if (w === width) return;
    data = pass(data, new Uint8Array(h * width * channels), { along: fixedPoint(across), outer: h, inner: channels });
    w = width;
  };
  const goDown = () => {
    if (h === height) return;
    data = pass(data, new Uint8Array(height * w * channels), {
      along: fixedPoint(down),
      outer: 1,
      inner: w * channels,
    });
    h = height;
  };
  const order = isDownFirst(pixels, { width, height }) ? [goDown, goAcross] : [goAcross, goDown];
  order.forEach((go) => go());
  if (isBlended) data = unpremultiplied(data);
  return { width, height, channels, data: data === pixels.data ? data.slice() : data };
}

/** The order of the passes shows in the last bit; this is that of Pillow 13 (python-pillow/Pillow#9549). */
function isDownFirst(from: ResizeTo, to: ResizeTo): boolean {
  return to.height < from.height && from.height - to.height > 2 * (from.width - to.width);
}

/**
 * Resizes the last two axes of [..., h, w] to [..., height, width]; sums run in float64 and nothing is clamped, so bicubic and
 * Lanczos may leave the range of the input.
 *
 * @throws {RangeError} where a size is no integer greater than 0
 */
export function resizePlanes(
  planes: Tensor<"float32">,
  { width, height }: ResizeTo,
  { filter = "bicubic" }: { filter?: ResampleFilter } = {},
): Tensor<"float32"> {
  const lead = planes.shape.slice(0, -2);
  const [h, w] = planes.shape.slice(-2);
  if (h === undefined || w === undefined) {
    throw new RangeError(`Expected planes [..., h, w] but found [${planes.shape.join(", ")}]`);
  }
  const count = sizeOf(lead);
  const across = resampling(w, width, { filter });
  const down = resampling(h, height, { filter });
  let { data } = planes;
  if (width !== w) {
    data = pass(data, new Float32Array(count * h * width), { along: across, outer: count * h, inner: 1 });
  }
  if (height !== h) {
    data = pass(data, new Float32Array(count * height * width), { along: down, outer: count, inner: width });
  }
  return tensor("float32", [...lead, height, width], data === planes.data ? data.slice() : data);
}

/** Taps with whole numbers of 2⁻²² (`normalize_coeffs_8bpc` of Pillow's Resample.c). */
interface FixedPoint extends Omit<Resampling, "weights"> {
  readonly weights: Int32Array;
}

const precision = 22;

function fixedPoint(taps: Resampling): FixedPoint {
  const weights = Int32Array.from(taps.weights, (weight) => weight * 2 ** precision + (weight < 0 ? -0.5 : 0.5));
  return { ...taps, weights };
}

/** Resamples the middle axis of [outer, from, inner] to [outer, to, inner]. */
function pass<Data extends Uint8Array | Float32Array>(
  source: Data,
  result: Data,
  { along, outer, inner }: { along: Resampling | FixedPoint; outer: number; inner: number },
): Data {
  const { from, to, starts, counts, width, weights } = along;
  const isFixed = weights instanceof Int32Array;
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < to; i++) {
      const first = (o * from + starts[i]!) * inner;
      const tap = i * width;
      const count = counts[i]!;
      for (let k = first; k < first + inner; k++) {
        let sum = isFixed ? 1 << (precision - 1) : 0;
        for (let j = 0; j < count; j++) sum += weights[tap + j]! * source[k + j * inner]!;
        result[at++] = isFixed ? clampByte(sum >> precision) : sum;
      }
    }
  }
  return result;
}

function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Colour times alpha, rounded (`rgba2rgbA` of Pillow's Convert.c). */
function premultiplied(rgba: Uint8Array): Uint8Array {
  return rgba.map((value, i) => {
    if (i % 4 === 3) return value;
    const product = value * rgba[i | 3]! + 128;
    return ((product >> 8) + product) >> 8;
  });
}

/** Colour over alpha, rounded down; where alpha is 0 the colour stays (`rgbA2rgba` of Pillow's Convert.c). */
function unpremultiplied(rgba: Uint8Array): Uint8Array {
  return rgba.map((value, i) => {
    const alpha = rgba[i | 3]!;
    return i % 4 === 3 || alpha === 0 || alpha === 255 ? value : clampByte(Math.trunc(255 * value / alpha));
  });
}
