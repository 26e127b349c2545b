/**
 * What is the same in every step, computed once.
 * @module
 */
import type { Graph, Named } from "../graph.ts";
import type { Node, Value } from "../value.ts";
import { dependants } from "./rebuild.ts";

/** A graph in two parts, which run one after the other. They share values, so other rewrites come before. */
export interface Hoisted {
  /** What stays the same; its outputs are inputs of `each`. Nothing where there is no such thing. */
  readonly once: Graph | undefined;
  /** The rest. */
  readonly each: Graph;
}

/**
 * Splits a graph by what it depends on: nodes that no varying input reaches, and some other input does, go into a graph of their own
 * (loop-invariant code motion, the loop being the sampling steps). The numbers stay the same to the last bit.
 *
 * What depends on parameters alone stays beside its use; see {@linkcode hoistParameters}.
 *
 * @param options.varying names of the inputs that change from step to step
 */
export function hoist(graph: Graph, { varying }: { varying: readonly string[] }): Hoisted {
  const changing = dependants(graph, varying);
  const fixed = dependants(graph, graph.inputs.map(({ name }) => name).filter((name) => !varying.includes(name)));
  return split(graph, { label: "once", isOnce: (value) => fixed.has(value) && !changing.has(value) });
}

/**
 * Splits off what is computed from parameters alone, such as a folded weight. A runtime folds that too while a session is built, but
 * holds every intermediate result at once.
 */
export function hoistParameters(graph: Graph): Hoisted {
  const changing = dependants(graph, graph.inputs.map(({ name }) => name));
  const computed = new Set<Value>();
  // A parameter that is only reshaped is no work: the encoder writes it in that shape.
  const stored = new Set<Value>();
  const isStored = (value: Value | undefined) => value?.source.kind === "parameter" || value && stored.has(value);
  for (const { op, inputs, outputs } of graph.nodes) {
    if (outputs.some((value) => changing.has(value))) continue;
    const isWork = inputs.some((value) => value && computed.has(value) || op !== "Reshape" && isStored(value));
    const found = isWork ? computed : inputs.some(isStored) ? stored : undefined;
    outputs.forEach((value) => found?.add(value));
  }
  return split(graph, { label: "known", isOnce: (value) => computed.has(value) });
}

/** Splits a graph at the values that are computed once and used elsewhere. */
function split(graph: Graph, { label, ...rule }: { label: string; isOnce: (value: Value) => boolean }): Hoisted {
  // Numbers of 16 bits stay with their use: ONNX Runtime's package for Node takes no Float16Array of Deno.
  const isOnce = (value: Value) => value.dtype !== "float16" && rule.isOnce(value);
  const rest = graph.nodes.filter(({ outputs }) => !outputs.some(isOnce));
  const used = [...rest.flatMap(({ inputs }) => inputs), ...graph.outputs.map(({ value }) => value)];
  const handed = [...new Set(used.filter((value) => value !== undefined))].filter(isOnce)
    .filter(({ source }) => source.kind === "node")
    .map((value, i) => ({ name: `${label}.${i}`, value }));
  if (handed.length === 0) return { once: undefined, each: graph };
  return {
    once: partOf(graph, { name: `${graph.name}.${label}`, outputs: handed }),
    each: partOf(graph, { outputs: graph.outputs, given: handed }),
  };
}

/** What `outputs` need of a graph, where `given` is known already; its inputs are those of the graph that it uses, and `given`. */
export function partOf(
  graph: Graph,
  { name = graph.name, outputs, given = [] }: {
    name?: string;
    outputs: readonly Named[];
    given?: readonly Named[];
  },
): Graph {
  const known = new Set(given.map(({ value }) => value));
  const needed = new Set(outputs.map(({ value }) => value));
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((value) => needed.has(value) && !known.has(value))) continue;
    nodes.push(node);
    for (const value of node.inputs) if (value) needed.add(value);
  }
  const keys = new Set([...needed].map(({ source }) => source.kind === "parameter" ? source.key : undefined));
  return {
    name,
    inputs: [...graph.inputs.filter(({ value }) => needed.has(value)), ...given],
    outputs,
    nodes: nodes.reverse(),
    parameters: graph.parameters.filter(({ key }) => keys.has(key)),
  };
}
