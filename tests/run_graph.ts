/**
 * Runs values of a graph on ONNX Runtime, for tests.
 * @module
 */
import assert from "node:assert/strict";
import {
  type Binding,
  encodeModel,
  type Graph,
  graph,
  input,
  type Parameter,
  resolveShape,
  type Value,
} from "../onnx/mod.ts";
import { Session } from "../runtime/session.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { bindCheckpoint } from "../weights/bind.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";

/** Tensors by the names of graph inputs, outputs or parameters. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** What a graph runs on. */
export interface GraphData {
  /** Tensors for the graph's inputs; those that no output needs are left out. */
  inputs?: Tensors;
  /** Tensors for its parameters, by key, or a checkpoint whose files are mapped. */
  weights?: Tensors | Checkpoint;
  /** Changes the graph before it runs. */
  rewrite?: (graph: Graph) => Graph;
}

/** A graph input for each tensor, of its dtype and shape; `batch` gives all of them that symbol as their first dimension. */
export function inputsLike<Name extends string>(
  tensors: Readonly<Record<Name, Tensor>>,
  { batch }: { batch?: string } = {},
): Record<Name, Value> {
  const entries = Object.entries<Tensor>(tensors).map(([name, { dtype, shape }]) => {
    return [name, input(name, dtype, batch === undefined ? shape : [batch, ...shape.slice(1)])];
  });
  return Object.fromEntries(entries);
}

function bindTensors(weights: Tensors): (parameter: Parameter) => Binding {
  return ({ key }) => {
    const tensor = weights[key];
    assert(tensor !== undefined, `no weight for the parameter ${key}`);
    return { kind: "tensor", tensor };
  };
}

function isCheckpoint(weights: Tensors | Checkpoint): weights is Checkpoint {
  return weights["tensors"] instanceof Map;
}

/** Size of each symbol in the shapes of a graph's inputs, found in the tensors given for them. */
function symbolSizes({ inputs }: Graph, tensors: Tensors): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const { name, value } of inputs) {
    value.shape.forEach((dim, axis) => {
      if (typeof dim === "string") sizes[dim] = tensors[name]!.shape[axis]!;
    });
  }
  return sizes;
}

/**
 * Builds one session for the graph behind `outputs` and runs it on each of `runs`; fails where the runtime gives another dtype
 * or shape than was inferred.
 */
export async function runGraphs(
  outputs: Readonly<Record<string, Value>>,
  runs: readonly Tensors[],
  { weights = {}, rewrite = (graph) => graph }: Omit<GraphData, "inputs"> = {},
): Promise<Record<string, Tensor>[]> {
  const built = rewrite(graph({ outputs }));
  const { bind, ...folder } = isCheckpoint(weights) ? bindCheckpoint(weights.tensors) : { bind: bindTensors(weights) };
  const session = await Session.create(encodeModel(built, bind), { threads: 1, ...folder });
  try {
    const results: Record<string, Tensor>[] = [];
    for (const inputs of runs) {
      const feeds = built.inputs.map(({ name }) => {
        const tensor = inputs[name];
        assert(tensor !== undefined, `no tensor for the input ${name}`);
        return [name, tensor];
      });
      const found = await session.run(Object.fromEntries(feeds));
      const sizes = symbolSizes(built, inputs);
      for (const [name, { dtype, shape }] of Object.entries(found)) {
        const inferred = outputs[name]!;
        assert.equal(dtype, inferred.dtype, `${name}: dtype`);
        assert.deepEqual([...shape], resolveShape(inferred.shape, sizes), `${name}: shape`);
      }
      results.push(found);
    }
    return results;
  } finally {
    await session.release();
  }
}

/** Runs the graph behind `outputs` once. */
export async function runGraph(
  outputs: Readonly<Record<string, Value>>,
  { inputs = {}, ...data }: GraphData = {},
): Promise<Record<string, Tensor>> {
  const [found] = await runGraphs(outputs, [inputs], data);
  return found!;
}
