/**
 * Arrays of float64 with a shape, for the reference interpreter. Whole numbers and truth values are kept as numbers too.
 * @module
 */
import { sizeOf, type Tensor } from "../../tensor/tensor.ts";

/** A row-major array of float64. */
export interface Array64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** An array whose element at each index is what `element` says. */
export function fill(shape: readonly number[], element: (index: readonly number[], flat: number) => number): Array64 {
  const data = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let flat = 0; flat < data.length; flat++) {
    data[flat] = element(index, flat);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return { shape, data };
}

/** Position of an element in the data. */
export function flatIndex(index: readonly number[], shape: readonly number[]): number {
  return shape.reduce((flat, size, axis) => flat * size + index[axis]!, 0);
}

/** The element at an index; one that is out of range is `outside`. */
export function at({ shape, data }: Array64, index: readonly number[], outside = NaN): number {
  if (index.some((position, axis) => position < 0 || position >= shape[axis]!)) return outside;
  return data[flatIndex(index, shape)]!;
}

/** The element that NumPy broadcasting puts at an index of a larger shape. */
export function broadcastAt(x: Array64, index: readonly number[]): number {
  const lead = index.length - x.shape.length;
  return x.data[x.shape.reduce((flat, size, axis) => flat * size + (size === 1 ? 0 : index[axis + lead]!), 0)]!;
}

/** Shape that NumPy broadcasting gives arrays together. */
export function broadcastShape(arrays: readonly Array64[]): number[] {
  const rank = Math.max(...arrays.map(({ shape }) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = arrays.map(({ shape }) => shape[axis - rank + shape.length] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
}

/** Reads a tensor of any dtype but bfloat16 as float64. */
export function fromTensor({ shape, data }: Tensor): Array64 {
  return { shape, data: Float64Array.from(data as Float32Array, Number) };
}
