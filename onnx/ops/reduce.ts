/**
 * Reductions and normalisations.
 *
 * Named after their ONNX operators (https://onnx.ai/onnx/operators/).
 * @module
 */
import { formatShape, type Shape } from "../dims.ts";
import { emit, emitOne, GraphError, integers, type Value } from "../value.ts";
import { axisOf } from "./shape.ts";

/** Axes to reduce; they stay as dimensions of size 1. */
export interface ReduceOptions {
  /** Which, from 0; negative from the end. */
  axes: readonly number[];
}

function keepDims(x: Value, axes: readonly number[]): Shape {
  const reduced = new Set(axes.map((axis) => axisOf(x, axis)));
  return x.shape.map((dim, axis) => reduced.has(axis) ? 1 : dim);
}

function reduce(op: string, x: Value, { axes }: ReduceOptions): Value {
  const normal = [...new Set(axes.map((axis) => axisOf(x, axis)))];
  if (normal.length === 0) throw new GraphError(`${op}: Expected at least one axis`);
  return emitOne(op, [x, integers(normal)], {
    dtype: x.dtype,
    shape: keepDims(x, normal),
    attributes: { keepdims: 1n },
  });
}

/** Σ x */
export function reduceSum(x: Value, options: ReduceOptions): Value {
  return reduce("ReduceSum", x, options);
}

/** √(Σ x²) */
export function reduceL2(x: Value, options: ReduceOptions): Value {
  return reduce("ReduceL2", x, options);
}

/** Mean of x. */
export function reduceMean(x: Value, options: ReduceOptions): Value {
  return reduce("ReduceMean", x, options);
}

/** Index (int64) of the first largest element along `axis`, which stays with size 1. */
export function argMax(x: Value, { axis }: { axis: number }): Value {
  return arg("ArgMax", x, axis);
}

/** Index (int64) of the first smallest element along `axis`, which stays with size 1. */
export function argMin(x: Value, { axis }: { axis: number }): Value {
  return arg("ArgMin", x, axis);
}

function arg(op: string, x: Value, axis: number): Value {
  const at = axisOf(x, axis);
  return emitOne(op, [x], {
    dtype: "int64",
    shape: keepDims(x, [at]),
    attributes: { axis: BigInt(at), keepdims: 1n },
  });
}

/** eˣ / Σ eˣ along the last axis. */
export function softmax(x: Value): Value {
  return emitOne("Softmax", [x], { dtype: x.dtype, shape: x.shape, attributes: { axis: -1n } });
}

/** (x − mean) / √(variance + epsilon) over the last axis, times `scale`, plus `bias`; both are [x's last size]. */
export function layerNormalization(
  x: Value,
  scale: Value,
  { bias, epsilon }: { bias?: Value | undefined; epsilon: number },
): Value {
  for (const value of bias ? [scale, bias] : [scale]) {
    if (value.rank !== 1 || value.dim(0) !== x.dim(-1)) {
      throw new GraphError(
        `LayerNormalization: Expected scale and bias [${x.dim(-1)}] but found ${formatShape(value.shape)}`,
      );
    }
  }
  // The statistics are for the gradient; the encoder leaves out outputs that nothing reads.
  const statistics = [x.dtype, [...x.shape.slice(0, -1), 1]] as const;
  const [output] = emit("LayerNormalization", bias ? [x, scale, bias] : [x, scale], {
    outputs: [[x.dtype, x.shape], statistics, statistics],
    attributes: { axis: -1n, epsilon },
  });
  return output!;
}
