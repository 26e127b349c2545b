/**
 * Forward and backward pass of an objective as one graph.
 * @module
 */
import {
  add,
  cast,
  collapseReshapes,
  concat,
  div,
  fuseTransposes,
  gradient,
  type Graph,
  graph,
  input,
  min,
  mul,
  parametersOf,
  reduceL2,
  reduceSum,
  reshape,
  sqrt,
  type Value,
} from "../../onnx/mod.ts";
import type { Objective } from "../phases/objective.ts";
import { normGuard } from "./clip.ts";
import type { Optimiser } from "./optimiser.ts";
import { rewriteObjective } from "./rewrite_objective.ts";
import { Update, type UpdateOptions } from "./update.ts";

/** How the graph is built. */
export interface GradientGraphOptions {
  /** Chooses the parameters to train by key; all but the objective's buffers where left out. */
  trained?: ((key: string) => boolean) | undefined;
  /** Adds the gradients to those of the pass before: inputs `sum …`. */
  accumulate?: boolean;
  /** Scopes whose forward pass runs again in place of keeping its activations, see {@linkcode gradient}. */
  recompute?: ((scope: string) => boolean) | undefined;
  /** Goes on to the next weights: then those are outputs, and the gradients are none. */
  update?: UpdateStep | undefined;
}

/** What becomes of the gradients. */
export interface UpdateStep extends UpdateOptions {
  readonly optimiser: Optimiser;
  /** Largest global norm of the gradients. */
  readonly clip?: number | undefined;
}

/** The graph, and what it gives gradients of. */
export interface GradientGraph {
  /** Outputs `loss`, `norms`, and by key `metric …`, `buffer …` and `gradient …`, or else what {@linkcode Update.outputs} makes. */
  readonly graph: Graph;
  /** The update that it ends in. */
  readonly update: Update | undefined;
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
  const trainedShapes = new Map(parameters.map((value) => [keyOf(value), value.shape as readonly number[]]));
  const norms = normsOf(gradients);
  const update = options.update && new Update(options.update.optimiser, trainedShapes, options.update);
  const at = new Map(parameters.map((value, i) => [keyOf(value), i]));
  const built = graph({
    name: "gradient pass",
    outputs: {
      loss,
      norms,
      ...prefixed("metric", Object.entries(metrics)),
      ...prefixed("buffer", buffers),
      ...update?.outputs({
        weight: (key) => parameters[at.get(key)!]!,
        gradient: (key) => gradients[at.get(key)!]!,
        scale: clipScale(norms, options.update!.clip),
      }) ?? prefixed("gradient", parameters.map((value, i) => [keyOf(value), gradients[i]!])),
    },
  });
  return { graph: rewrites.reduce((graph, rewrite) => rewrite(graph), built), update, trained: trainedShapes };
}

/** {@linkcode clipFactor} of the global norm, in the graph; in float64, where no square of a norm of float32 is infinite. */
function clipScale(norms: Value, limit: number | undefined): Value | undefined {
  if (limit === undefined) return undefined;
  const exact = cast(norms, "float64");
  const norm = sqrt(reduceSum(mul(exact, exact), { axes: [0] }));
  return cast(min(div(limit, add(norm, normGuard)), 1), "float32");
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
