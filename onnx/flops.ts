/**
 * Counts floating-point operations of a graph from shapes alone.
 *
 * Matrix products and convolutions are counted, a multiplication and its addition as two, as in the literature;
 * elementwise work, norms and softmax are left out.
 * @module
 */
import { resolveShape } from "./dims.ts";
import type { Node, Value } from "./value.ts";

type Count = (node: Node, sizeOf: (value: Value) => number[]) => number;

const elements = (shape: readonly number[]) => shape.reduce((all, dim) => all * dim, 1);

const counts: Record<string, Count> = {
  // [..., m, k] × [..., k, n]
  MatMul: (node, of) => 2 * elements(of(node.outputs[0]!)) * of(node.inputs[0]!).at(-1)!,
  // The same in whole numbers, scaled behind
  MatMulIntegerToFloat: (node, of) => 2 * elements(of(node.outputs[0]!)) * of(node.inputs[0]!).at(-1)!,
  // The same with a weight in blocks
  MatMulNBits: (node, of) => 2 * elements(of(node.outputs[0]!)) * of(node.inputs[0]!).at(-1)!,
  // The same with operands turned: [..., k, m]ᵀ × …
  FusedMatMul: (node, of) =>
    2 * elements(of(node.outputs[0]!)) * of(node.inputs[0]!).at(node.attributes["transA"] === 1n ? -2 : -1)!,
  // [m, k] × [n, k]ᵀ, or [k, m]ᵀ × …
  Gemm: (node, of) => 2 * elements(of(node.outputs[0]!)) * of(node.inputs[0]!)[node.attributes.transA ? 0 : 1]!,
  // weight [o, c/groups, kh, kw]: each output element is a dot product over c/groups·kh·kw
  Conv: (node, of) => 2 * elements(of(node.outputs[0]!)) * elements(of(node.inputs[1]!).slice(1)),
  // weight [c, o/groups, kh, kw]: each input element is spread over o/groups·kh·kw
  ConvTranspose: (node, of) => 2 * elements(of(node.inputs[0]!)) * elements(of(node.inputs[1]!).slice(1)),
  // q [b, n, c], k [b, m, c]: both products
  MultiHeadAttention: (node, of) => 4 * elements(of(node.inputs[0]!)) * of(node.inputs[1]!)[1]!,
};

/** Floating-point operations of one node; `sizes` gives a number for each symbol in its shapes. */
export function nodeFlops(node: Node, sizes: Readonly<Record<string, number>> = {}): number {
  return counts[node.op]?.(node, (value) => resolveShape(value.shape, sizes)) ?? 0;
}

/** Floating-point operations of all nodes together. */
export function countFlops(nodes: readonly Node[], sizes: Readonly<Record<string, number>> = {}): number {
  return nodes.reduce((sum, node) => sum + nodeFlops(node, sizes), 0);
}
