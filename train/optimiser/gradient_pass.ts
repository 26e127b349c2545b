/**
 * Forward and backward pass of an objective as one session.
 * @module
 */
import {
  add,
  concat,
  encodeModel,
  gradient,
  graph,
  input,
  parametersOf,
  reduceL2,
  reshape,
  type Value,
} from "../../onnx/mod.ts";
import { Session } from "../../runtime/session.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { Objective } from "../phases/objective.ts";

/** Tensors of float32 by parameter key. */
export type Weights = ReadonlyMap<string, Tensor<"float32">>;

/** How the pass is built. */
export interface GradientPassOptions {
  /** Chooses the parameters to train by key; all but the objective's buffers where left out. */
  trained?: ((key: string) => boolean) | undefined;
  /** Adds the gradients to those of the pass before, see {@linkcode GradientPass.run}. */
  accumulate?: boolean;
  /** Scopes whose forward pass runs again in place of keeping its activations, see {@linkcode gradient}. */
  recompute?: ((scope: string) => boolean) | undefined;
  threads?: number | undefined;
}

/** What one pass gives. */
export interface Pass {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Gradient of the loss by each trained parameter, or the sum of those so far. */
  readonly gradients: Weights;
  /** Euclidean norm of each gradient, in the order of the forward pass. */
  readonly norms: ReadonlyMap<string, number>;
  /** Next values of the objective's buffers. */
  readonly buffers: Weights;
}

function keyOf({ source }: Value): string {
  return source.kind === "parameter" ? source.key : "";
}

/** Norms of values, one after the other: [values.length]. */
function normsOf(values: readonly Value[]): Value {
  return concat(values.map((value) => reduceL2(reshape(value, [-1]), { axes: [0] })), { axis: 0 });
}

/** The session of an objective. Weights go in at each run, so nothing is built anew when they change. */
export class GradientPass {
  /** Shape of each trained parameter, in the order of the forward pass. */
  readonly trained: ReadonlyMap<string, readonly number[]>;
  /** Keys of everything that {@linkcode GradientPass.run} reads weights for. */
  readonly keys: readonly string[];
  readonly #session: Session;
  readonly #metrics: readonly string[];
  readonly #buffers: readonly string[];
  readonly #inputs: readonly string[];
  readonly #zeros: Weights | undefined;

  private constructor(session: Session, parts: {
    trained: ReadonlyMap<string, readonly number[]>;
    keys: readonly string[];
    inputs: readonly string[];
    objective: Objective;
    accumulate: boolean;
  }) {
    this.#session = session;
    this.trained = parts.trained;
    this.keys = parts.keys;
    this.#inputs = parts.inputs;
    this.#metrics = Object.keys(parts.objective.metrics);
    this.#buffers = [...parts.objective.buffers.keys()];
    this.#zeros = parts.accumulate ? zerosLike(parts.trained) : undefined;
  }

  /** Appends the backward pass to an objective and builds the session. */
  static async create(objective: Objective, options: GradientPassOptions = {}): Promise<GradientPass> {
    const { trained = () => true, accumulate = false, recompute, threads } = options;
    const { loss, metrics, buffers } = objective;
    const parameters = parametersOf(loss).filter((value) => trained(keyOf(value)) && !buffers.has(keyOf(value)));
    const shapes = new Map(parameters.map((value) => [keyOf(value), value.shape as readonly number[]]));
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
    const model = encodeModel(built, () => ({ kind: "input" }));
    // The activations of a backward pass are most of its memory, and planned memory comes on top of what the first run took.
    const session = await Session.create(model, { threads, memoryPattern: false });
    const inputs = built.inputs.map(({ name }) => name).filter((name) => !name.startsWith("sum "));
    const keys = built.parameters.map(({ key }) => key);
    return new GradientPass(session, { trained: shapes, keys, inputs, objective, accumulate });
  }

  /**
   * Runs the pass on a batch.
   *
   * @param inputs tensors for the objective's inputs; others are ignored
   * @param options.sums gradients of earlier batches to add to, where the pass accumulates; none for the first
   */
  async run(
    inputs: Readonly<Record<string, Tensor>>,
    { weights, sums = this.#zeros }: { weights: Weights; sums?: Weights | undefined },
  ): Promise<Pass> {
    const feeds: Record<string, Tensor> = {};
    for (const name of this.#inputs) feeds[name] = found(inputs[name], name);
    for (const key of this.keys) feeds[key] = found(weights.get(key), key);
    if (this.#zeros) { for (const [key, sum] of sums ?? []) feeds[`sum ${key}`] = sum; }
    const results = await this.#session.run(feeds);
    const number = (name: string) => results[name]!.data[0] as number;
    const select = (kind: string, keys: Iterable<string>) =>
      new Map([...keys].map((key) => [key, results[`${kind} ${key}`] as Tensor<"float32">]));
    const norms = results["norms"]!.data as Float32Array;
    return {
      loss: number("loss"),
      metrics: Object.fromEntries(this.#metrics.map((name) => [name, number(`metric ${name}`)])),
      gradients: select("gradient", this.trained.keys()),
      norms: new Map([...this.trained.keys()].map((key, i) => [key, norms[i]!])),
      buffers: select("buffer", this.#buffers),
    };
  }

  /** Frees the session's memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

function prefixed(kind: string, entries: Iterable<readonly [string, Value]>): Record<string, Value> {
  return Object.fromEntries([...entries].map(([key, value]) => [`${kind} ${key}`, value]));
}

function found(tensor: Tensor | undefined, name: string): Tensor {
  if (!tensor) throw new TypeError(`Expected a tensor for "${name}"`);
  return tensor;
}

/** A tensor of zeros for each shape. */
export function zerosLike(shapes: ReadonlyMap<string, readonly number[]>): Map<string, Tensor<"float32">> {
  return new Map([...shapes].map(([key, shape]) => [key, tensor("float32", shape)]));
}
