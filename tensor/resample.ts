/**
 * One-dimensional resampling as weighted sums: what Pillow's `Image.resize` and torch's antialiased `interpolate` share.
 *
 * A filter is stretched by the factor of the reduction, so that every old sample counts; enlarging leaves it as it is. Taps outside
 * of the row are dropped and the rest is renormalised (`precompute_coeffs` of Pillow's Resample.c,
 * `_compute_indices_min_size_weights_aa` of ATen's UpSampleKernel.cpp).
 * @module
 */

interface Filter {
  /** Half of the width over which the weight is not zero, in samples. */
  readonly support: number;
  weight(x: number): number;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Keys' cubic convolution kernel with a = −1/2 (https://doi.org/10.1109/TASSP.1981.1163711, eq. 4). */
function cubic(x: number): number {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return (((d - 5) * d + 8) * d - 4) * a;
  return 0;
}

const filters = {
  box: { support: 0.5, weight: (x) => -0.5 < x && x <= 0.5 ? 1 : 0 },
  bilinear: { support: 1, weight: (x) => Math.max(1 - Math.abs(x), 0) },
  bicubic: { support: 2, weight: cubic },
  lanczos: { support: 3, weight: (x) => -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0 },
} as const satisfies Record<string, Filter>;

/**
 * How a new sample is made of old ones.
 *
 * - `"box"`, `"bilinear"`, `"bicubic"` (a = −1/2), `"lanczos"` (3 lobes): the antialiased filters of Pillow and torch
 * - `"nearest"`: old sample ⌊i·scale⌋, as torch and torchvision choose it; Pillow takes ⌊(i + ½)·scale⌋
 */
export type ResampleFilter = keyof typeof filters | "nearest";

/** New sample i is Σ_j `weights[i·width + j]` · old sample `starts[i] + j`, over j < `counts[i]`. */
export interface Resampling {
  readonly from: number;
  readonly to: number;
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** Most taps that a new sample may have. */
  readonly width: number;
  /** [to, width]; each row sums to 1. */
  readonly weights: Float64Array;
}

function checkLength(name: string, length: number): void {
  if (!Number.isInteger(length) || length < 1) {
    throw new RangeError(`Expected ${name} to be an integer greater than 0 but found ${length}`);
  }
}

/**
 * The taps that turn a row of `from` samples into one of `to`.
 *
 * @param options.scale old samples for each new one
 * @throws {RangeError} where a length is no integer greater than 0
 */
export function resampling(
  from: number,
  to: number,
  { filter, scale = from / to }: { filter: ResampleFilter; scale?: number },
): Resampling {
  checkLength("from", from);
  checkLength("to", to);
  const starts = new Int32Array(to);
  const counts = new Int32Array(to).fill(1);
  if (filter === "nearest") {
    for (let i = 0; i < to; i++) starts[i] = Math.min(Math.floor(i * scale), from - 1);
    return { from, to, starts, counts, width: 1, weights: new Float64Array(to).fill(1) };
  }
  const { support, weight }: Filter = filters[filter];
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const width = Math.ceil(reach) * 2 + 1;
  const weights = new Float64Array(to * width);
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale;
    const start = Math.max(Math.trunc(center - reach + 0.5), 0);
    const count = Math.min(Math.trunc(center + reach + 0.5), from) - start;
    let sum = 0;
    for (let j = 0; j < count; j++) sum += weights[i * width + j] = weight((j + start - center + 0.5) / stretch);
    for (let j = 0; j < count; j++) weights[i * width + j]! /= sum;
    starts[i] = start;
    counts[i] = count;
  }
  return { from, to, starts, counts, width, weights };
}

/** The same as a matrix [to, from], row-major. */
export function resamplingMatrix({ from, to, starts, counts, width, weights }: Resampling): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const row = weights.subarray(i * width, i * width + counts[i]!);
    matrix.set(row, i * from + starts[i]!);
  }
  return matrix;
}
