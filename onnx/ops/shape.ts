/**
 * Operators that move elements about: reshape, transpose, concat, slice, gather, pad and the pixel shuffles made of them.
 *
 * Named after their ONNX operators (https://onnx.ai/onnx/operators/).
 * @module
 */
import { type Dim, formatShape, product, quotient, sameShape, type Shape } from "../dims.ts";
import { emitOne, GraphError, integers, type Value } from "../value.ts";

/** Normalises a possibly negative axis of `x`. */
export function axisOf(x: Value, axis: number): number {
  const normal = axis < 0 ? axis + x.rank : axis;
  if (!Number.isInteger(normal) || normal < 0 || normal >= x.rank) {
    throw new GraphError(`Expected an axis of ${formatShape(x.shape)} but found ${axis}`);
  }
  return normal;
}

/**
 * The same elements in another shape. One dimension may be −1 (what remains). Symbols may move freely where ONNX can say it:
 * a symbol that stays at its place, and at most one more.
 */
export function reshape(x: Value, shape: Shape): Value {
  if (shape.some((dim) => typeof dim === "number" && dim !== -1 && !(Number.isSafeInteger(dim) && dim > 0))) {
    throw new GraphError(
      `Reshape: Expected positive whole dimensions to reshape ${formatShape(x.shape)} but found ${formatShape(shape)}`,
    );
  }
  const known = product(shape.filter((dim) => dim !== -1));
  const rest = quotient(product(x.shape), known);
  const target = shape.map((dim) => dim === -1 ? rest ?? -1 : dim);
  if (rest === undefined || product(target) !== product(x.shape)) {
    throw new GraphError(
      `Reshape: Expected as many elements as ${formatShape(x.shape)} but found ${formatShape(shape)}`,
    );
  }
  if (sameShape(target, x.shape)) return x;
  const wanted = target.map((dim, axis) => typeof dim === "number" ? dim : dim === x.shape[axis] ? 0 : -1);
  if (wanted.filter((dim) => dim === -1).length > 1) {
    throw new GraphError(
      `Reshape: Expected at most one symbol to move from ${formatShape(x.shape)} to ${formatShape(target)}`,
    );
  }
  return emitOne("Reshape", [x, integers(wanted)], { dtype: x.dtype, shape: target });
}

/** Permutes the axes: output axis i is input axis `perm[i]`. */
export function transpose(x: Value, perm: readonly number[]): Value {
  if (perm.toSorted((a, b) => a - b).some((axis, index) => axis !== index) || perm.length !== x.rank) {
    throw new GraphError(
      `Transpose: Expected a permutation of the axes of ${formatShape(x.shape)} but found [${perm}]`,
    );
  }
  if (perm.every((axis, index) => axis === index)) return x;
  return emitOne("Transpose", [x], {
    dtype: x.dtype,
    shape: perm.map((axis) => x.shape[axis]!),
    attributes: { perm: perm.map(BigInt) },
  });
}

/** Joins values along `axis`, where their sizes are known; all other dimensions are equal. */
export function concat(values: readonly Value[], { axis }: { axis: number }): Value {
  const [first] = values;
  if (!first) throw new GraphError("Concat: Expected at least one value");
  if (values.length === 1) return first;
  const at = axisOf(first, axis);
  for (const value of values) {
    const fits = value.dtype === first.dtype && value.rank === first.rank &&
      value.shape.every((dim, index) => index === at || dim === first.shape[index]);
    if (!fits) {
      throw new GraphError(
        `Concat: Expected shapes that agree outside of axis ${at} but found ${formatShape(first.shape)} and ` +
          formatShape(value.shape),
      );
    }
  }
  const shape: Dim[] = [...first.shape];
  shape[at] = values.reduce((sum, value) => sum + value.size(at), 0);
  return emitOne("Concat", values, { dtype: first.dtype, shape, attributes: { axis: BigInt(at) } });
}

/** All rows `times` times one after the other (`torch.Tensor.repeat` along axis 0): [b, …] → [times·b, …]. */
export function repeat(x: Value, times: number): Value {
  if (!Number.isSafeInteger(times) || times < 1) {
    throw new GraphError(`Concat: Expected to repeat a whole number of times > 0 but found ${times}`);
  }
  if (times === 1) return x;
  const shape = [product([times, x.dim(0)]), ...x.shape.slice(1)];
  return emitOne("Concat", new Array<Value>(times).fill(x), { dtype: x.dtype, shape, attributes: { axis: 0n } });
}

/** The elements `start` ≤ i < `end` along `axis`. */
export function slice(x: Value, { axis, start, end }: { axis: number; start: number; end: number }): Value {
  const at = axisOf(x, axis);
  const size = x.size(at);
  if (!(0 <= start && start < end && end <= size)) {
    throw new GraphError(`Slice: Expected 0 <= start < end <= ${size} on axis ${at} but found ${start} and ${end}`);
  }
  if (start === 0 && end === size) return x;
  const shape: Dim[] = [...x.shape];
  shape[at] = end - start;
  return emitOne("Slice", [x, integers([start]), integers([end]), integers([at])], { dtype: x.dtype, shape });
}

/** Indices `start`, `start` + `step`, … below `end` of one axis. */
export interface Range {
  /** The first index. */
  readonly start: number;
  /** The first index that is left out. */
  readonly end: number;
  /** From one index to the next. Default 1. */
  readonly step?: number;
}

/** The elements of a range on each of several axes, with steps of at least 1. */
export function slices(x: Value, ranges: Readonly<Record<number, Range>>): Value {
  const shape: Dim[] = [...x.shape];
  const axes = Object.keys(ranges).map(Number);
  const list = axes.map((axis) => ({ step: 1, ...ranges[axis]! }));
  axes.forEach((axis, i) => {
    const { start, end, step } = list[i]!;
    const size = x.size(axisOf(x, axis));
    if (!(0 <= start && start < end && end <= size && step >= 1)) {
      throw new GraphError(
        `Slice: Expected 0 <= start < end <= ${size} and step >= 1 on axis ${axis} but found ${start}, ${end}, ${step}`,
      );
    }
    shape[axis] = Math.ceil((end - start) / step);
  });
  if (sameShape(shape, x.shape)) return x;
  const parts = [list.map(({ start }) => start), list.map(({ end }) => end), axes, list.map(({ step }) => step)];
  return emitOne("Slice", [x, ...parts.map(integers)], { dtype: x.dtype, shape });
}

/** Reverses the order of the elements along `axes`. */
export function flip(x: Value, axes: readonly number[]): Value {
  const at = axes.map((axis) => axisOf(x, axis)).filter((axis) => x.dim(axis) !== 1);
  if (at.length === 0) return x;
  const fill = (value: number) => integers(at.map(() => value));
  // Downwards from the last element; the end stands before the first one, which no index from the back can say.
  const [starts, ends, steps] = [fill(-1), fill(-(2 ** 31)), fill(-1)];
  return emitOne("Slice", [x, starts, ends, integers(at), steps], { dtype: x.dtype, shape: x.shape });
}

/** Cuts `x` into `count` equal parts along `axis` (`torch.chunk`). */
export function chunk(x: Value, count: number, { axis }: { axis: number }): Value[] {
  const size = x.size(axis);
  if (size % count !== 0) {
    throw new GraphError(`Slice: Expected a size divisible by ${count} on axis ${axis} of ${formatShape(x.shape)}`);
  }
  const width = size / count;
  return Array.from({ length: count }, (_, i) => slice(x, { axis, start: i * width, end: (i + 1) * width }));
}

/** Rows of `table` along axis 0, one for each index: shape [...indices, ...table without its first axis]. */
export function gather(table: Value, indices: Value): Value {
  if (indices.dtype !== "int64") throw new GraphError(`Gather: Expected int64 indices but found ${indices.dtype}`);
  return emitOne("Gather", [table, indices], {
    dtype: table.dtype,
    shape: [...indices.shape, ...table.shape.slice(1)],
    attributes: { axis: 0n },
  });
}

/** Repeats a value up to `shape` by broadcasting. */
export function expand(x: Value, shape: readonly number[]): Value {
  const fits = x.rank <= shape.length &&
    x.shape.every((dim, i) => dim === 1 || dim === shape[i + shape.length - x.rank]);
  if (!fits) throw new GraphError(`Expand: Expected ${formatShape(x.shape)} to broadcast to ${formatShape(shape)}`);
  return emitOne("Expand", [x, integers(shape)], { dtype: x.dtype, shape });
}

/** Pads axes with zeros: `amounts` holds how many before and after, by axis. */
export function pad(x: Value, amounts: Readonly<Record<number, readonly [number, number]>>): Value {
  const sides = x.shape.map((_, axis) => amounts[axis] ?? [0, 0] as const);
  if (sides.every(([before, after]) => before === 0 && after === 0)) return x;
  const shape = x.shape.map((dim, axis) => amounts[axis] ? x.size(axis) + sides[axis]![0] + sides[axis]![1] : dim);
  const pads = integers([...sides.map(([before]) => before), ...sides.map(([, after]) => after)]);
  return emitOne("Pad", [x, pads], { dtype: x.dtype, shape, attributes: { mode: "constant" } });
}

/** Keys of an object are axes that count from the front. */
function checkAxis(x: Value, axis: number): void {
  if (axisOf(x, axis) !== axis) {
    throw new GraphError(`Expected an axis that counts from the front of ${formatShape(x.shape)} but found ${axis}`);
  }
}

/** Pads each side of the given axes by repeating the border (`ReplicationPad2d`). */
export function padEdge(x: Value, amounts: Readonly<Record<number, number>>): Value {
  Object.keys(amounts).forEach((axis) => checkAxis(x, Number(axis)));
  const before = x.shape.map((_, axis) => amounts[axis] ?? 0);
  const shape = x.shape.map((dim, axis) => before[axis] ? x.size(axis) + 2 * before[axis] : dim);
  return emitOne("Pad", [x, integers([...before, ...before])], {
    dtype: x.dtype,
    shape,
    attributes: { mode: "edge" },
  });
}

/**
 * `data` with each element of `updates` added at its row: result[indices[i, …], …] += updates[i, …]. `indices` (int64) has the
 * shape of `updates`; equal indices add up.
 */
export function scatterAdd(data: Value, indices: Value, updates: Value): Value {
  const fits = indices.dtype === "int64" && sameShape(indices.shape, updates.shape) &&
    data.rank === updates.rank && sameShape(data.shape.slice(1), updates.shape.slice(1));
  if (!fits) {
    throw new GraphError(
      `ScatterElements: Expected int64 indices and updates of one shape, rows as long as those of ` +
        `${formatShape(data.shape)}, but found ${indices.dtype} ${formatShape(indices.shape)} and ${
          formatShape(updates.shape)
        }`,
    );
  }
  return emitOne("ScatterElements", [data, indices, updates], {
    dtype: data.dtype,
    shape: data.shape,
    attributes: { axis: 0n, reduction: "add" },
  });
}
