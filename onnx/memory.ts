/**
 * Forecasts the memory of a graph's activations from shapes alone.
 * @module
 */
import { bytesOf } from "../tensor/tensor.ts";
import { Arena } from "./arena.ts";
import { resolveShape } from "./dims.ts";
import type { Graph } from "./graph.ts";
import type { Node, Value } from "./value.ts";

/** Operators whose result is their first operand, seen with another shape. */
const aliases = new Set(["Identity", "Reshape"]);

/**
 * Memory that one run takes for its activations, in bytes: that of the runtime's arena when the nodes run in order and every value
 * is freed after its last use. Inputs, parameters and constants do not count.
 *
 * Shapes with a symbol keep the runtime from writing a result over an operand, so no node does here.
 *
 * @param sizes a number for each symbol in the shapes
 */
export function peakActivationBytes(graph: Graph, sizes: Readonly<Record<string, number>> = {}): number {
  const bytes = (value: Value) =>
    resolveShape(value.shape, sizes).reduce((all, dim) => all * dim, bytesOf(value.dtype));
  const root = rootsOf(graph.nodes);
  const given = new Set(graph.inputs.map(({ value }) => value));
  const lastUse = new Map<Value, number>();
  graph.nodes.forEach((node, at) => {
    for (const value of node.inputs) if (value) lastUse.set(root(value), at);
  });
  for (const { value } of graph.outputs) lastUse.set(root(value), graph.nodes.length);

  const arena = new Arena();
  const addresses = new Map<Value, number>();
  graph.nodes.forEach((node, at) => {
    const made = aliases.has(node.op) ? [] : node.outputs.filter((value) => lastUse.has(value));
    for (const value of made) addresses.set(value, arena.allocate(bytes(value)));
    const scratch = scratchBytes(node, (value) => resolveShape(value.shape, sizes));
    if (scratch > 0) arena.release(arena.allocate(scratch));
    for (const value of new Set(node.inputs.filter((value) => value !== undefined).map(root))) {
      const address = addresses.get(value);
      if (address !== undefined && !given.has(value) && lastUse.get(value) === at) arena.release(address);
    }
  });
  return arena.bytes;
}

/** What an operator takes while it runs: a transposed convolution spreads one picture's channels over the kernel first. */
function scratchBytes({ op, inputs: [x, weight] }: Node, shapeOf: (value: Value) => number[]): number {
  if (op !== "ConvTranspose") return 0;
  const cells = shapeOf(x!).slice(2).reduce((all, dim) => all * dim, 1);
  return shapeOf(weight!).slice(1).reduce((all, dim) => all * dim, bytesOf(x!.dtype) * cells);
}

/** Finds the value whose memory another one shares. */
function rootsOf(nodes: readonly Node[]): (value: Value) => Value {
  const roots = new Map<Value, Value>();
  const root = (value: Value) => roots.get(value) ?? value;
  for (const node of nodes) {
    if (aliases.has(node.op)) roots.set(node.outputs[0]!, root(node.inputs[0]!));
  }
  return root;
}
