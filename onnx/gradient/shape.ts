/**
 * Gradients of operators that move elements about: their gradients move back, and add up where an element went to several places.
 * @module
 */

import { reduceSum } from "../ops/reduce.ts";
import { concat, expand, pad, reshape, scatterAdd, slice, transpose } from "../ops/shape.ts";
import { GraphError, scalar, type Value } from "../value.ts";
import { sumTo } from "./broadcast.ts";
import { integersOf, type Rules } from "./rule.ts";

/** Undoes a repeated border along one axis: what was padded adds up at the first and at the last element. */
function foldEdges(g: Value, { axis, before, after }: { axis: number; before: number; after: number }): Value {
  const size = g.size(axis) - before - after;
  const part = (start: number, end: number) => slice(g, { axis, start, end });
  const sum = (start: number, end: number) => reduceSum(part(start, end), { axes: [axis] });
  if (size === 1) return sum(0, g.size(axis));
  const ends = [sum(0, before + 1), sum(before + size - 1, g.size(axis))] as const;
  return concat(size === 2 ? ends : [ends[0], part(before + 1, before + size - 1), ends[1]], { axis });
}

/** Rules of operators that only move elements. */
export const shape: Rules = {
  // the same elements in the old shape
  Reshape: ({ g, a }) => [reshape(g, a.shape)],
  // the inverse permutation
  Transpose: ({ g, node }) => {
    const perm = (node.attributes.perm as readonly bigint[]).map(Number);
    return [transpose(g, perm.map((_, axis) => perm.indexOf(axis)))];
  },
  // each operand's part
  Concat: ({ g, node }) => {
    const axis = Number(node.attributes.axis);
    let end = 0;
    return node.inputs.map((input) => slice(g, { axis, start: end, end: end += input!.size(axis) }));
  },
  // zeros around the part; steps are for the gradient's own use and have none
  Slice: ({ g, a, node }) => {
    const [starts, axes] = [integersOf(node.inputs[1]), integersOf(node.inputs[3])];
    if (node.inputs[4] && integersOf(node.inputs[4]).some((step) => step !== 1)) {
      throw new GraphError("Slice: Expected steps of 1 to differentiate by");
    }
    const rest = axes.map((axis, i) => [axis, [starts[i]!, a.size(axis) - starts[i]! - g.size(axis)]] as const);
    return [pad(g, Object.fromEntries(rest))];
  },
  // rows add up where they came from: d table[i] = Σ over the places j with indices[j] = i of g[j]
  Gather: ({ g, a: table, b: indices }) => {
    const width = table.shape.slice(1);
    const updates = reshape(g, [-1, ...width]);
    const rows = reshape(indices, [-1, ...width.map(() => 1)]);
    const zeros = expand(scalar(g.dtype, 0), table.shape as readonly number[]);
    return [scatterAdd(zeros, expand(rows, updates.shape as readonly number[]), updates)];
  },
  // the sum over the repetitions
  Expand: ({ g, y, a }) => [sumTo(g, { from: y.shape, to: a.shape })],
  // the middle; with repeated edges, what lies outside adds up at the edges
  Pad: ({ g, a, node }) => {
    const pads = integersOf(node.inputs[1]);
    return [a.shape.reduce((rest: Value, _, axis) => {
      const [before, after] = [pads[axis]!, pads[axis + a.rank]!];
      if (before === 0 && after === 0) return rest;
      if (node.attributes.mode === "edge") return foldEdges(rest, { axis, before, after });
      return slice(rest, { axis, start: before, end: before + a.size(axis) });
    }, g)];
  },
};
