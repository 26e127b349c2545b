/**
 * How alike two pictures look.
 * @module
 */
import { checkPixels, type Pixels } from "./pixels.ts";

/** The Gaussian of the paper: 11 × 11 with a deviation of 1.5, here one side of it. */
const radius = 5;
const sigma = 1.5;
const window = gaussian();

/** Keep the fractions stable where a window is flat: (K·L)² with K₁ = 0.01, K₂ = 0.03, L = 255. */
const c1 = (0.01 * 255) ** 2;
const c2 = (0.03 * 255) ** 2;

/**
 * The mean structural similarity of Wang et al. 2004 (https://doi.org/10.1109/TIP.2003.819861, equation 13), 1 where nothing differs:
 *
 *     (2·μx·μy + C₁)·(2·σxy + C₂) / ((μx² + μy² + C₁)·(σx² + σy² + C₂))
 *
 * averaged over all windows that lie in the picture, and over its channels.
 *
 * @throws {RangeError} where sizes or channels differ, or a side is shorter than 11 pixels
 */
export function ssim(one: Pixels, other: Pixels): number {
  for (const pixels of [one, other]) checkPixels(pixels);
  const { width, height, channels } = one;
  if (width !== other.width || height !== other.height || channels !== other.channels) {
    const [a, b] = [one, other].map((pixels) => `${pixels.height}x${pixels.width}x${pixels.channels}`);
    throw new RangeError(`Expected two pictures of one size but found ${a} and ${b}`);
  }
  if (Math.min(width, height) <= 2 * radius) {
    throw new RangeError(`Expected sides of at least ${2 * radius + 1} pixels but found ${width}x${height}`);
  }
  let sum = 0;
  for (let c = 0; c < channels; c++) sum += similarity(planeOf(one, c), planeOf(other, c));
  return sum / channels;
}

/** A grey picture in float64. */
interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

function similarity(x: Plane, y: Plane): number {
  const product = (a: Plane, b: Plane): Plane => ({ ...a, data: a.data.map((value, i) => value * b.data[i]!) });
  const [mx, my, xx, yy, xy] = [x, y, product(x, x), product(y, y), product(x, y)].map(smooth) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let sum = 0;
  for (let i = 0; i < mx.length; i++) {
    const [ux, uy] = [mx[i]!, my[i]!];
    const [vx, vy, covariance] = [xx[i]! - ux * ux, yy[i]! - uy * uy, xy[i]! - ux * uy];
    sum += (2 * ux * uy + c1) * (2 * covariance + c2) / ((ux * ux + uy * uy + c1) * (vx + vy + c2));
  }
  return sum / mx.length;
}

/** Weighted means over all windows that lie in the plane. */
function smooth({ width, height, data }: Plane): Float64Array {
  const across = width - 2 * radius;
  const rows = slide(data, {
    stride: 1,
    length: height * across,
    start: (i) => Math.floor(i / across) * width + i % across,
  });
  return slide(rows, { stride: across, length: (height - 2 * radius) * across, start: (i) => i });
}

function slide(
  data: Float64Array,
  { stride, length, start }: { stride: number; length: number; start: (i: number) => number },
): Float64Array {
  return Float64Array.from({ length }, (_, i) => {
    const first = start(i);
    let sum = 0;
    for (let tap = 0; tap < window.length; tap++) sum += window[tap]! * data[first + tap * stride]!;
    return sum;
  });
}

function planeOf({ width, height, channels, data }: Pixels, channel: number): Plane {
  const plane = Float64Array.from({ length: width * height }, (_, i) => data[i * channels + channel]!);
  return { width, height, data: plane };
}

function gaussian(): Float64Array {
  const weights = Float64Array.from(
    { length: 2 * radius + 1 },
    (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)),
  );
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => weight / sum);
}
