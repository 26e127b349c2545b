/**
 * Forecasts the memory of a graph's activations from shapes alone.
 * @module
 */
import { bytesOf } from "../tensor/tensor.ts";
import { resolveShape } from "./dims.ts";
import type { Graph } from "./graph.ts";
import type { Node, Value } from "./value.ts";

/** Operators whose result the runtime writes over a dying operand of the same size. */
const inPlace = new Set([
  "Abs",
  "Add",
  "Div",
  "Gelu",
  "LeakyRelu",
  "Mul",
  "Relu",
  "Sigmoid",
  "Softmax",
  "Sqrt",
  "Sub",
]);

/** Operators whose result is their first operand, seen with another shape. */
const aliases = new Set(["Identity", "Reshape"]);

/**
 * Largest sum of the sizes of all values that are alive at once when the nodes run in order, in bytes. Parameters and constants
 * do not count.
 *
 * @param sizes a number for each symbol in the shapes
 */
export function peakActivationBytes(graph: Graph, sizes: Readonly<Record<string, number>> = {}): number {
  const bytes = (value: Value) =>
    resolveShape(value.shape, sizes).reduce((all, dim) => all * dim, bytesOf(value.dtype));
  const root = rootsOf(graph.nodes);
  const lastUse = new Map<Value, number>();
  graph.nodes.forEach((node, at) => {
    for (const value of node.inputs) if (value) lastUse.set(root(value), at);
  });
  for (const { value } of graph.outputs) lastUse.set(root(value), graph.nodes.length);

  let live = graph.inputs.reduce((sum, { value }) => sum + bytes(value), 0);
  let peak = live;
  graph.nodes.forEach((node, at) => {
    const operands = [...new Set(node.inputs.filter((value) => value !== undefined).map(root))];
    const dying = operands.filter((value) => isActivation(value) && lastUse.get(value) === at);
    const made = aliases.has(node.op) ? [] : node.outputs.filter((value) => lastUse.has(value));
    const reused = inPlace.has(node.op)
      ? dying.find((value) => value.dtype === made[0]?.dtype && bytes(value) === bytes(made[0]))
      : undefined;
    live += made.reduce((sum, value) => sum + bytes(value), 0) - (reused ? bytes(reused) : 0);
    peak = Math.max(peak, live);
    for (const value of dying) if (value !== reused) live -= bytes(value);
  });
  return peak;
}

function isActivation({ source }: Value): boolean {
  return source.kind === "node" || source.kind === "input";
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
