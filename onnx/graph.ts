/**
 * A graph is found by walking back from its outputs.
 * @module
 */
import { formatShape, sameShape } from "./dims.ts";
import { GraphError, type Node, type Value } from "./value.ts";

/** A value of a graph that has a name of its own: an input, an output or a parameter. */
export interface Named {
  /** Its name in the graph. */
  readonly name: string;
  /** What it stands for. */
  readonly value: Value;
}

/** A trained tensor that the graph uses. */
export interface Parameter {
  /** Checkpoint key. */
  readonly key: string;
  /** Shape in the checkpoint. */
  readonly shape: readonly number[];
}

/** Everything that the outputs depend on, with the nodes in an order in which they can run. */
export interface Graph {
  /** What it is called in errors and in the ONNX file. */
  readonly name: string;
  /** What is fed at run time: those that were declared first, in that order, then others by first use. */
  readonly inputs: readonly Named[];
  /** What comes out, in the order asked for. */
  readonly outputs: readonly Named[];
  /** Each after those that it needs. */
  readonly nodes: readonly Node[];
  /** One entry a key, in the order of first use. */
  readonly parameters: readonly Parameter[];
}

/** Nodes that `values` depend on, each after those that it needs, in the order in which they were called where that is free. */
export function sortNodes(values: readonly Value[]): Node[] {
  const sorted: Node[] = [];
  const state = new Map<Node, "open" | "done">();
  const stack: Node[] = [];
  const push = (value: Value | undefined) => {
    if (value?.source.kind === "node" && !state.has(value.source.node)) stack.push(value.source.node);
  };
  for (const value of values) {
    push(value);
    // An explicit stack: networks are thousands of nodes deep.
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      if (!state.has(node)) {
        state.set(node, "open");
        node.inputs.toReversed().forEach(push);
      } else {
        stack.pop();
        if (state.get(node) === "open") {
          state.set(node, "done");
          sorted.push(node);
        }
      }
    }
  }
  return sorted;
}

/**
 * Collects the graph behind `outputs`.
 *
 * @param options.inputs inputs to declare even where no output needs them, in this order
 * @throws {GraphError} where two inputs share a name, or two parameters of one key differ in shape
 */
export function graph({ name = "network", inputs = [], outputs }: {
  name?: string;
  inputs?: readonly Value[];
  outputs: Readonly<Record<string, Value>>;
}): Graph {
  const named = Object.entries(outputs).map(([name, value]) => ({ name, value }));
  const nodes = sortNodes(named.map(({ value }) => value));
  const used = [
    ...inputs,
    ...nodes.flatMap((node) => node.inputs.filter((value) => value !== undefined)),
    ...Object.values(outputs),
  ];
  const found = new Map<string, Value>();
  const parameters = new Map<string, Parameter>();
  for (const value of used) {
    const { source } = value;
    if (source.kind === "input") {
      const known = found.get(source.name);
      if (known && known !== value) throw new GraphError(`Expected one input named "${source.name}" but found two`);
      found.set(source.name, value);
    } else if (source.kind === "parameter") {
      const known = parameters.get(source.key);
      const shape = value.shape as readonly number[];
      if (known && !sameShape(known.shape, shape)) {
        throw new GraphError(
          `Expected "${source.key}" to have one shape but found ${formatShape(known.shape)} and ${formatShape(shape)}`,
        );
      }
      parameters.set(source.key, known ?? { key: source.key, shape });
    }
  }
  return {
    name,
    inputs: [...found].map(([name, value]) => ({ name, value })),
    outputs: named,
    nodes,
    parameters: [...parameters.values()],
  };
}
