/**
 * Forward and backward pass of an objective as one graph.
 * @module
 */
import {
  add,
  collapseReshapes,
  concat,
  fuseTransposes,
  gradient,
  type Graph,
  graph,
  input,
  parametersOf,
  reduceL2,
  reshape,
  type Value,
} from "../../onnx/mod.ts";
import type { Objective } from "../phases/objective.ts";
import { rewriteObjective } from "./rewrite_objective.ts";

/** How the graph is built. */
export interface GradientGraphOptions {
  /** Chooses the parameters to train by key; all but the objective's buffers where left out. */
  trained?: ((key: string) => boolean) | undefined;
  /** Adds the gradients to those of the pass before: inputs `sum …`. */
  accumulate?: boolean;
  /** Scopes whose forward pass runs again in place of keeping its activations, see {@linkcode gradient}. */
  recompute?: ((scope: string) => boolean) | undefined;
}

/** The graph, and what it gives gradients of. */
export interface GradientGraph {
  /** Outputs `loss`, `norms`, and by key `metric …`, `buffer …` and `gradient …`. */
  readonly graph: Graph;
  /** Shape of each trained parameter, in the order of the forward pass. */
  readonly trained: ReadonlyMap<string, readonly number[]>;
}

/** What makes the whole of both passes faster. */
const rewrites = [fuseTransposes, collapseReshapes];

/** Appends the backward pass to an objective. */
export function gradientGraph(objective: Objective, options: GradientGraphOptions = {}): GradientGraph {
  const { trained = () => true, accumulate = false, recompute } = options;
  const { loss, metrics, buffers } = rewriteObjective(objective);
  const parameters = parametersOf(loss).filter((value) => trained(keyOf(value)) && !buffers.has(keyOf(value)));
  const gradients = gradient(loss, parameters, recompute ? { recompute } : {}).map((value, i) =>
    accumulate ? add(value, input(`sum ${keyOf(parameters[i]!)}`, "float32", value.shape)) : value
  );
  const built = graph({
    name: "gradient pass",
    outputs: {
      loss,
      norms: normsOf(gradients),
      ...prefixed("metric", Object.entries(metrics)),
      ...prefixed("buffer", buffers),
      ...prefixed("gradient", parameters.map((value, i) => [keyOf(value), gradients[i]!])),
    },
  });
  return {
    graph: rewrites.reduce((graph, rewrite) => rewrite(graph), built),
    trained: new Map(parameters.map((value) => [keyOf(value), value.shape as readonly number[]])),
  };
}

function keyOf({ source }: Value): string {
  return source.kind === "parameter" ? source.key : "";
}

/** Norms of values, one after the other: [values.length]. */
function normsOf(values: readonly Value[]): Value {
  return concat(values.map((value) => reduceL2(reshape(value, [-1]), { axes: [0] })), { axis: 0 });
}

function prefixed(kind: string, entries: Iterable<readonly [string, Value]>): Record<string, Value> {
  return Object.fromEntries([...entries].map(([key, value]) => [`${kind} ${key}`, value]));
}
