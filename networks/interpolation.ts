/**
 * Bicubic resampling with antialiasing as a matrix: `torch.nn.functional.interpolate(mode="bicubic", antialias=True,
 * align_corners=True)` is linear and separable, so each size has one fixed matrix an axis.
 * @module
 */
import { constant, matMul, type Value } from "../onnx/mod.ts";

/** Keys' cubic convolution kernel with a = −1/2 (https://doi.org/10.1109/TASSP.1981.1163711, eq. 4). */
function cubic(x: number): number {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return (((d - 5) * d + 8) * d - 4) * a;
  return 0;
}

/**
 * Weights [to, from], row-major, of the one-dimensional resampling. Each row sums to 1.
 *
 * `align_corners` sets the scale (from − 1)/(to − 1) and nothing else: centres stay at scale·(i + ½). Taps outside of the
 * picture are dropped and the rest is renormalised (`_compute_indices_min_size_weights_aa` of ATen's UpSampleKernel.cpp).
 */
export function bicubicMatrix(from: number, to: number): Float32Array {
  const scale = to > 1 ? (from - 1) / (to - 1) : 0;
  const stretch = Math.max(scale, 1);
  const support = 2 * stretch;
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const center = scale * (i + 0.5);
    const first = Math.max(Math.trunc(center - support + 0.5), 0);
    const last = Math.min(Math.trunc(center + support + 0.5), from);
    const taps = Array.from({ length: last - first }, (_, j) => cubic((j + first - center + 0.5) / stretch));
    const sum = taps.reduce((all, tap) => all + tap, 0);
    taps.forEach((tap, j) => matrix[i * from + first + j] = tap / sum);
  }
  return matrix;
}

/**
 * Resamples [b, c, h, w] to [b, c, ...size]: A_h · x · A_wᵀ.
 *
 * Where the result is one column wide, torch's vertical pass applies the weights of its first row to every row
 * (torch 2.15, `basic_loop_aa_vertical`); models were made and are run with it, so this does the same.
 */
export function bicubicResize(x: Value, size: readonly [number, number]): Value {
  const [h, w] = [x.size(2), x.size(3)];
  const [height, width] = size;
  const vertical = bicubicMatrix(h, height);
  if (width === 1 && height !== h) vertical.forEach((_, i) => vertical[i] = vertical[i % h]!);
  const rows = constant("float32", [height, h], vertical);
  const columns = constant("float32", [w, width], transposed(bicubicMatrix(w, width), w));
  return matMul(matMul(rows, x), columns);
}

function transposed(matrix: Float32Array, width: number): Float32Array {
  const height = matrix.length / width;
  return Float32Array.from(matrix, (_, i) => matrix[(i % height) * width + Math.floor(i / height)]!);
}
