import { type Tensor, tensor } from "../../tensor/tensor.ts";

/**
 * Spherical interpolation of two tensors of one shape, row by row (Shoemake 1985): along the arc between their directions, with the
 * length going evenly from one to the other. Noise stays noise on the way, which a straight line would thin out.
 *
 * @param at 0 gives `a`, 1 gives `b`
 * @throws {RangeError} where the shapes differ
 */
export function slerp(a: Tensor<"float32">, b: Tensor<"float32">, { at }: { at: number }): Tensor<"float32"> {
  if (a.shape.join() !== b.shape.join()) {
    throw new RangeError(`Expected tensors of one shape but found [${a.shape.join(", ")}] and [${b.shape.join(", ")}]`);
  }
  const count = a.shape[0] ?? 1;
  const size = a.data.length / count;
  const result = tensor("float32", a.shape);
  for (let row = 0; row < count; row++) {
    const [x, y] = [a, b].map(({ data }) => data.subarray(row * size, (row + 1) * size)) as [
      Float32Array,
      Float32Array,
    ];
    const [from, to] = [length(x), length(y)];
    const cosine = from === 0 || to === 0 ? 1 : x.reduce((sum, value, i) => sum + value * y[i]!, 0) / (from * to);
    const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
    // Nearly parallel, or nearly opposite: there is no arc to follow, or none in particular.
    const isStraight = Math.sin(angle) < 1e-6;
    const [p, q] = isStraight
      ? [1 - at, at]
      : [Math.sin((1 - at) * angle) / Math.sin(angle), Math.sin(at * angle) / Math.sin(angle)];
    const scale = isStraight ? undefined : (1 - at) * from + at * to;
    for (let i = 0; i < size; i++) {
      result.data[row * size + i] = scale === undefined
        ? p * x[i]! + q * y[i]!
        : scale * (p * x[i]! / from + q * y[i]! / to);
    }
  }
  return result;
}

function length(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
