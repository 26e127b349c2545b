/**
 * Reductions and normalisations of ONNX in float64.
 * @module
 */
import { type Array64, at, fill } from "./array.ts";
import type { Kernels } from "./kernel.ts";

/** For each place of the result, the elements of `x` along `axes`, which stay with size 1. */
function along(x: Array64, axes: readonly number[], combine: (elements: number[]) => number): Array64 {
  const shape = x.shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  const inner = x.shape.map((size, axis) => axes.includes(axis) ? size : 1);
  return fill(shape, (index) => {
    const elements: number[] = [];
    fill(inner, (offset) => elements.push(at(x, index.map((position, axis) => position + offset[axis]!))));
    return combine(elements);
  });
}

const total = (elements: number[]) => elements.reduce((sum, element) => sum + element, 0);
const mean = (elements: number[]) => total(elements) / elements.length;
const normal = (axis: number, { shape }: Array64) => axis < 0 ? axis + shape.length : axis;

/** Shows a statistic of the last axis, of size 1 there, at each element. */
function rowOf(statistic: Array64, index: readonly number[]): number {
  return at(statistic, [...index.slice(0, -1), 0]);
}

export const reduceKernels: Kernels = {
  ReduceSum: ([x, axes]) => along(x!, [...axes!.data], total),
  ReduceL2: ([x, axes]) => along(x!, [...axes!.data], (elements) => Math.hypot(...elements)),
  ReduceMean: ([x, axes]) => along(x!, [...axes!.data], mean),
  ArgMax: ([x], { axis }) => along(x!, [normal(Number(axis), x!)], (row) => row.indexOf(Math.max(...row))),
  ArgMin: ([x], { axis }) => along(x!, [normal(Number(axis), x!)], (row) => row.indexOf(Math.min(...row))),
  Softmax: ([x], { axis }) => {
    const axes = [normal(Number(axis), x!)];
    const largest = along(x!, axes, (row) => Math.max(...row));
    const powers = fill(x!.shape, (index, flat) => Math.exp(x!.data[flat]! - rowOf(largest, index)));
    const sums = along(powers, axes, total);
    return fill(x!.shape, (index, flat) => powers.data[flat]! / rowOf(sums, index));
  },
  LayerNormalization: ([x, scale, bias], { axis, epsilon }) => {
    const axes = [normal(Number(axis), x!)];
    const center = along(x!, axes, mean);
    const squares = fill(x!.shape, (index, flat) => (x!.data[flat]! - rowOf(center, index)) ** 2);
    const variance = along(squares, axes, mean);
    const inverse = fill(variance.shape, (_, flat) => 1 / Math.sqrt(variance.data[flat]! + Number(epsilon)));
    const y = fill(x!.shape, (index, flat) => {
      const channel = [index.at(-1)!];
      const normed = (x!.data[flat]! - rowOf(center, index)) * rowOf(inverse, index);
      return normed * at(scale!, channel) + (bias ? at(bias, channel) : 0);
    });
    return [y, center, inverse];
  },
};
