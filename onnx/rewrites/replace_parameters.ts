/**
 * Puts expressions in the place of parameters.
 * @module
 */
import { type Graph, sortNodes } from "../graph.ts";
import { type Node, Value } from "../value.ts";

/** Makes what stands in a parameter's place, such as a sum that it is part of; nothing where it stays. */
export type Replacement = (parameter: Value, key: string) => Value | undefined;

/** What becomes of some nodes. */
export interface Replaced {
  /** All nodes in an order in which they can run, those of the replacements among them. */
  readonly nodes: readonly Node[];
  /** The value that takes another one's place: itself where nothing below it has changed. */
  of(value: Value): Value;
}

/**
 * Replaces parameters under the given nodes. Each key is asked for once, with the parameter's value, and the result stands wherever
 * that key is used; where it contains the parameter itself, that one stays.
 *
 * Nodes whose operands change are made anew and the others are shared, so what was built before can still be used.
 */
export function replaceParameters(nodes: readonly Node[], replace: Replacement): Replaced {
  const sums = new Map<string, Value | undefined>();
  const changed = new Map<Value, Value>();
  const made: Node[] = [];
  const known = new Set<Node>();
  const of = (value: Value): Value => {
    const { source } = value;
    if (source.kind !== "parameter") return changed.get(value) ?? value;
    if (!sums.has(source.key)) {
      const sum = replace(value, source.key);
      sums.set(source.key, sum);
      for (const node of sum ? sortNodes([sum]) : []) {
        if (!known.has(node)) made.push(node);
        known.add(node);
      }
    }
    return sums.get(source.key) ?? value;
  };
  for (const node of nodes) {
    const inputs = node.inputs.map((value) => value && of(value));
    if (inputs.every((value, i) => value === node.inputs[i])) made.push(node);
    else made.push(withInputs(node, inputs, changed));
  }
  return { nodes: made, of };
}

/** A node of other operands; its outputs are noted in `changed`. */
function withInputs(node: Node, inputs: readonly (Value | undefined)[], changed: Map<Value, Value>): Node {
  const outputs: Value[] = [];
  const made: Node = { ...node, inputs, outputs };
  node.outputs.forEach((value, index) => {
    const output = new Value(value.dtype, value.shape, { kind: "node", node: made, index });
    outputs.push(output);
    changed.set(value, output);
  });
  return made;
}

/** Replaces the parameters of a graph, see {@linkcode replaceParameters}. */
export function replaceGraphParameters(graph: Graph, replace: Replacement): Graph {
  const { nodes, of } = replaceParameters(graph.nodes, replace);
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: of(value) }));
  const used = [...nodes.flatMap(({ inputs }) => inputs), ...outputs.map(({ value }) => value)];
  const parameters = new Map(graph.parameters.map((parameter) => [parameter.key, parameter]));
  for (const value of used) {
    if (value?.source.kind !== "parameter" || parameters.has(value.source.key)) continue;
    parameters.set(value.source.key, { key: value.source.key, shape: value.shape as readonly number[] });
  }
  return { ...graph, nodes, outputs, parameters: [...parameters.values()] };
}
