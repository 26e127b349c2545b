/**
 * Transposed convolutions that double the size as matrix products.
 * @module
 */
import type { Graph } from "../graph.ts";
import { gemm } from "../ops/linear.ts";
import { concat, pad, type Range, reshape, slices, transpose } from "../ops/shape.ts";
import type { Node, Value } from "../value.ts";
import { makerOf, rebuild } from "./rebuild.ts";

/**
 * What each of two neighbouring results reads along one axis: o = 2i − 1 + k, so an even one reads cell i − 1 through the kernel's
 * k = 3 and cell i through k = 1, an odd one cell i through k = 2 and cell i + 1 through k = 0. Cells count from the padding.
 */
const taps = [[{ cell: 0, k: 3 }, { cell: 1, k: 1 }], [{ cell: 1, k: 2 }, { cell: 2, k: 0 }]] as const;

/**
 * Replaces `ConvTranspose2d(kernel 4, stride 2, padding 1)` between turns of the channels by four products, one for each place of a
 * result in its 2×2: rows of four neighbouring cells [b·h·w, 4·c] times [4·c, to]. The numbers stay the same up to rounding.
 *
 * It is as much work, without the spreading of 16 numbers a cell and channel. The rows are four times the cells: it pays where they
 * are whole numbers of 8 bits, see {@linkcode quantizeLinear}.
 */
export function multiplyTransposedConvolutions(graph: Graph): Graph {
  return rebuild(graph, (node, now) => {
    const [x, weight, bias] = matchDoubling(node) ?? [];
    if (!x || !weight) return undefined;
    const [b, h, w, c] = [x.dim(0), x.size(1), x.size(2), x.size(3)];
    const to = weight.size(1);
    const padded = pad(now(x), { 1: [1, 1], 2: [1, 1] });
    const place = (y: number, z: number) => {
      const read = taps[y]!.flatMap((row) => taps[z]!.map((column) => ({ row, column })));
      const cells = read.map(({ row, column }) => slices(padded, { 1: span(row.cell, h), 2: span(column.cell, w) }));
      const columns = read.map(({ row, column }) => {
        const kernel = slices(now(weight), { 2: span(row.k, 1), 3: span(column.k, 1) });
        return transpose(reshape(kernel, [c, to]), [1, 0]);
      });
      const rows = reshape(concat(cells, { axis: 3 }), [-1, 4 * c]);
      const made = gemm(rows, concat(columns, { axis: 1 }), { bias: bias && now(bias) });
      return reshape(made, [b, h, w, to]);
    };
    const line = (y: number) => reshape(concat([place(y, 0), place(y, 1)], { axis: 3 }), [b, h, 2 * w * to]);
    return [reshape(concat([line(0), line(1)], { axis: 2 }), [b, 2 * h, 2 * w, to])];
  });
}

function span(start: number, length: number): Range {
  return { start, end: start + length };
}

/** What a turn back to channels-last turns, where that is such a convolution of a turn to channels-first: x [b, h, w, c], weight, bias. */
function matchDoubling(turn: Node): readonly (Value | undefined)[] | undefined {
  if (turn.op !== "Transpose" || String(turn.attributes["perm"]) !== "0,2,3,1") return undefined;
  const node = makerOf(turn.inputs[0], "ConvTranspose");
  const back = makerOf(node?.inputs[0], "Transpose");
  if (!node || String(back?.attributes["perm"]) !== "0,3,1,2") return undefined;
  const { kernel_shape, strides, pads, group, output_padding } = node.attributes;
  const doubles = String(kernel_shape) === "4,4" && String(strides) === "2,2" && String(pads) === "1,1,1,1";
  if (!doubles || group !== 1n || output_padding !== undefined) return undefined;
  return [back!.inputs[0], node.inputs[1], node.inputs[2]];
}
