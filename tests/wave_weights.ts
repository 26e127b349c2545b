/**
 * Smooth made-up numbers for networks whose weights do not matter.
 * @module
 */
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";

/** A tensor of `base + scale·sin(…)`, no two elements alike. */
export function waves(
  shape: readonly number[],
  { base = 0.5, scale = 0.5, phase = 0 }: { base?: number; scale?: number; phase?: number } = {},
): Tensor<"float32"> {
  return tensor(
    "float32",
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => base + scale * Math.sin(1.7 * i + phase)),
  );
}

/** Weights for each of a network's parameters, scaled by 1/√fan-in; running variances are positive. */
export function waveWeights(parameters: ReadonlyMap<string, readonly number[]>): Record<string, Tensor<"float32">> {
  return Object.fromEntries([...parameters].map(([key, shape], phase) => {
    const scale = 1 / Math.sqrt(sizeOf(shape.slice(1)));
    return [
      key,
      key.endsWith("running_var") ? waves(shape, { base: 1, phase }) : waves(shape, { base: 0, scale, phase }),
    ];
  }));
}
