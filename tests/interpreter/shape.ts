/**
 * Operators of ONNX that move elements about, in float64.
 * @module
 */
import { sizeOf } from "../../tensor/tensor.ts";
import { type Array64, at, broadcastAt, broadcastShape, fill, flatIndex } from "./array.ts";
import { type Kernels, list } from "./kernel.ts";

function concat(values: readonly Array64[], axis: number): Array64 {
  const sizes = values.map(({ shape }) => shape[axis]!);
  const shape = values[0]!.shape.with(axis, sizes.reduce((sum, size) => sum + size, 0));
  return fill(shape, (index) => {
    let position = index[axis]!;
    let which = 0;
    while (position >= sizes[which]!) position -= sizes[which++]!;
    return at(values[which]!, index.with(axis, position));
  });
}

/** Start, step and count of a range in the words of ONNX: negative indices count from the end, and what is outside is cut. */
function range({ start, end, step, size }: { start: number; end: number; step: number; size: number }) {
  const clamp = (x: number) => Math.min(Math.max(x < 0 ? x + size : x, step < 0 ? -1 : 0), step < 0 ? size - 1 : size);
  const [from, to] = [clamp(start), clamp(end)];
  return { from, count: Math.max(Math.ceil((to - from) / step), 0) };
}

export const shapeKernels: Kernels = {
  Reshape: ([x, wanted]) => {
    const shape = [...wanted!.data].map((size, axis) => size === 0 ? x!.shape[axis]! : size);
    const known = sizeOf(shape.filter((size) => size !== -1));
    return { shape: shape.map((size) => size === -1 ? sizeOf(x!.shape) / known : size), data: x!.data };
  },
  Transpose: ([x], { perm }) => {
    const order = list(perm);
    const shape = order.map((axis) => x!.shape[axis]!);
    return fill(shape, (index) => at(x!, order.map((_, axis) => index[order.indexOf(axis)]!)));
  },
  Concat: (values, { axis }) => concat(values, Number(axis)),
  Slice: ([x, starts, ends, axes, steps]) => {
    const ranges = [...axes!.data].map((axis, i) => {
      const [start, end, step] = [starts!.data[i]!, ends!.data[i]!, steps?.data[i] ?? 1];
      return { axis, step, ...range({ start, end, step, size: x!.shape[axis]! }) };
    });
    const shape = ranges.reduce((all, { axis, count }) => all.with(axis, count), [...x!.shape]);
    return fill(
      shape,
      (index) =>
        at(x!, ranges.reduce((all, { axis, from, step }) => all.with(axis, from + index[axis]! * step), [...index])),
    );
  },
  Gather: ([table, indices]) => {
    const width = table!.shape.slice(1);
    return fill([...indices!.shape, ...width], (index) => {
      const rank = indices!.shape.length;
      return at(table!, [at(indices!, index.slice(0, rank)), ...index.slice(rank)]);
    });
  },
  Expand: ([x, shape]) => {
    const wanted = { shape: [...shape!.data], data: new Float64Array() };
    return fill(broadcastShape([x!, wanted]), (index) => broadcastAt(x!, index));
  },
  Pad: ([x, pads], { mode }) => {
    const before = [...pads!.data.subarray(0, x!.shape.length)];
    const shape = x!.shape.map((size, axis) => size + before[axis]! + pads!.data[axis + x!.shape.length]!);
    return fill(shape, (index) => {
      const inside = index.map((position, axis) => position - before[axis]!);
      if (mode !== "edge") return at(x!, inside, 0);
      return at(x!, inside.map((position, axis) => Math.min(Math.max(position, 0), x!.shape[axis]! - 1)));
    });
  },
  ScatterElements: ([data, indices, updates]) => {
    const result = { shape: data!.shape, data: data!.data.slice() };
    fill(updates!.shape, (index, flat) => {
      const row = indices!.data[flat]!;
      return result.data[flatIndex(index.with(0, row), data!.shape)]! += updates!.data[flat]!;
    });
    return result;
  },
};
