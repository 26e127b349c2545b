/**
 * What rewrites have in common: a graph is walked once, from its inputs to its outputs, and built anew.
 * @module
 */
import { type Graph, graph } from "../graph.ts";
import { type Node, scope, Value } from "../value.ts";

/** What stands in the new graph for a value of the old one. */
export type Renewed = (value: Value) => Value;

/**
 * Makes what stands in a node's place: a value for each of its outputs, or nothing where the node stays. Structure is read from the
 * old graph; what the new values are made of goes through `now`.
 */
export type Rule = (node: Node, now: Renewed) => readonly Value[] | undefined;

/**
 * Builds a graph anew under a rule. New operators get the scope of the node that they stand for; nodes that nothing needs any more are
 * gone, and those whose operands are the same are shared with the old graph.
 */
export function rebuild({ name, inputs, outputs, nodes }: Graph, rule: Rule): Graph {
  const renewed = new Map<Value, Value>();
  const now = (value: Value) => renewed.get(value) ?? value;
  for (const node of nodes) {
    const made = scope(node.scope, () => rule(node, now)) ?? withOperands(node, now);
    node.outputs.forEach((value, i) => made[i] && renewed.set(value, made[i]));
  }
  return graph({
    name,
    inputs: inputs.map(({ value }) => value),
    outputs: Object.fromEntries(outputs.map(({ name, value }) => [name, now(value)])),
  });
}

/** The outputs of a node over renewed operands: its own where none has changed. */
function withOperands(node: Node, now: Renewed): readonly Value[] {
  const inputs = node.inputs.map((value) => value && now(value));
  if (inputs.every((value, i) => value === node.inputs[i])) return node.outputs;
  const outputs: Value[] = [];
  const made: Node = { ...node, inputs, outputs };
  node.outputs.forEach(({ dtype, shape }, index) => {
    outputs.push(new Value(dtype, shape, { kind: "node", node: made, index }));
  });
  return outputs;
}

/** The node that makes `value`, where it is one of operator `op`. */
export function makerOf(value: Value | undefined, op: string): Node | undefined {
  return value?.source.kind === "node" && value.source.node.op === op ? value.source.node : undefined;
}

/** Values of a graph that depend on one of the named inputs, those inputs among them. */
export function dependants({ inputs, nodes }: Graph, names: readonly string[]): ReadonlySet<Value> {
  const found = new Set(inputs.filter(({ name }) => names.includes(name)).map(({ value }) => value));
  for (const { inputs, outputs } of nodes) {
    if (inputs.some((value) => value && found.has(value))) outputs.forEach((value) => found.add(value));
  }
  return found;
}
