/**
 * Bicubic resampling with antialiasing as a matrix: `torch.nn.functional.interpolate(mode="bicubic", antialias=True,
 * align_corners=True)` is linear and separable, so each size has one fixed matrix an axis.
 * @module
 */
import { constant, matMul, type Value } from "../onnx/mod.ts";
import { resampling, resamplingMatrix } from "../tensor/resample.ts";

/**
 * Weights [to, from], row-major, of the one-dimensional resampling. Each row sums to 1.
 *
 * `align_corners` sets the scale (from − 1)/(to − 1) and nothing else: centres stay at scale·(i + ½)
 * (`_compute_indices_min_size_weights_aa` of ATen's UpSampleKernel.cpp).
 */
export function bicubicMatrix(from: number, to: number): Float32Array {
  const scale = to > 1 ? (from - 1) / (to - 1) : 0;
  return resamplingMatrix(resampling(from, to, { filter: "bicubic", scale }));
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
