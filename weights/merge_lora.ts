/**
 * Adds LoRAs to weights in memory, for checkpoints that have them inside.
 * @module
 */
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { toFloat32 } from "./cast.ts";

/** One change of a weight [o, …]: scale·up·down, with up [o, r, …] and down [r, …]. */
export interface LowRankChange {
  readonly up: Tensor;
  readonly down: Tensor;
  readonly scale: number;
}

/**
 * W + Σ scale·up·down (https://arxiv.org/abs/2106.09685, eq. 3), each element summed in float64 and rounded once.
 *
 * Kernels are matrices of all that belongs to one output channel.
 */
export function addLowRankChanges(weight: Tensor, changes: readonly LowRankChange[]): Tensor<"float32"> {
  const { shape } = weight;
  const sum = toFloat32(weight).slice();
  const rows = shape[0]!;
  const columns = sum.length / rows;
  const factors = changes.map(({ up, down, scale }) => ({
    up: toFloat32(up),
    down: toFloat32(down),
    rank: down.shape[0]!,
    scale,
  }));
  const row = new Float64Array(columns);
  for (let o = 0; o < rows; o++) {
    row.set(sum.subarray(o * columns, (o + 1) * columns));
    for (const { up, down, rank, scale } of factors) {
      for (let r = 0; r < rank; r++) {
        const factor = scale * up[o * rank + r]!;
        if (factor === 0) continue;
        const from = r * columns;
        for (let i = 0; i < columns; i++) row[i]! += factor * down[from + i]!;
      }
    }
    sum.set(row, o * columns);
  }
  return tensor("float32", shape, sum);
}
