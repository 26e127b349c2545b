/**
 * Forward and backward pass of an objective as one session.
 * @module
 */
import { encodeModel } from "../../onnx/mod.ts";
import { Session } from "../../runtime/session.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { Objective } from "../phases/objective.ts";
import { gradientGraph, type GradientGraphOptions } from "./gradient_graph.ts";
import { type Update, type Updated, type UpdateNumbers, updatePrefix, type UpdateState } from "./update.ts";

/** Tensors of float32 by parameter key. */
export type Weights = ReadonlyMap<string, Tensor<"float32">>;

/** How the pass is built. */
export interface GradientPassOptions extends GradientGraphOptions {
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
  /** Next weights and all that belongs to them, where the pass ends in an update; the gradients are then none of its results. */
  readonly updated: Updated | undefined;
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
  readonly #accumulates: boolean;
  readonly #update: Update | undefined;
  /** What the first batch of a step is added to. */
  #zeros: Weights | undefined;

  private constructor(session: Session, parts: {
    trained: ReadonlyMap<string, readonly number[]>;
    keys: readonly string[];
    inputs: readonly string[];
    objective: Objective;
    accumulate: boolean;
    update: Update | undefined;
  }) {
    this.#session = session;
    this.trained = parts.trained;
    this.keys = parts.keys;
    this.#inputs = parts.inputs;
    this.#metrics = Object.keys(parts.objective.metrics);
    this.#buffers = [...parts.objective.buffers.keys()];
    this.#accumulates = parts.accumulate;
    this.#update = parts.update;
  }

  /** Appends the backward pass to an objective and builds the session. */
  static async create(objective: Objective, options: GradientPassOptions = {}): Promise<GradientPass> {
    const { accumulate = false, threads } = options;
    const { graph: built, trained, update } = gradientGraph(objective, options);
    const model = encodeModel(built, () => ({ kind: "input" }));
    // The activations of a backward pass are most of its memory, and planned memory comes on top of what the first run took.
    const session = await Session.create(model, { threads, memoryPattern: false });
    const isOwn = (name: string) => name.startsWith("sum ") || name.startsWith(updatePrefix);
    const inputs = built.inputs.map(({ name }) => name).filter((name) => !isOwn(name));
    const keys = built.parameters.map(({ key }) => key);
    return new GradientPass(session, { trained, keys, inputs, objective, accumulate, update });
  }

  /**
   * Runs the pass on a batch.
   *
   * @param inputs tensors for the objective's inputs; others are ignored
   * @param options.sums gradients of earlier batches to add to, where the pass accumulates; none for the first
   * @param options.update what the update reads, where the pass ends in one
   */
  async run(
    inputs: Readonly<Record<string, Tensor>>,
    { weights, sums, update }: {
      weights: Weights;
      sums?: Weights | undefined;
      update?: { readonly state: UpdateState; readonly numbers: UpdateNumbers } | undefined;
    },
  ): Promise<Pass> {
    const feeds: Record<string, Tensor> = update && this.#update
      ? this.#update.feeds(update.state, update.numbers)
      : {};
    for (const name of this.#inputs) feeds[name] = found(inputs[name], name);
    for (const key of this.keys) feeds[key] = found(weights.get(key), key);
    if (this.#accumulates) {
      for (const [key, sum] of sums ?? (this.#zeros ??= zerosLike(this.trained))) feeds[`sum ${key}`] = sum;
    }
    const results = await this.#session.run(feeds);
    const number = (name: string) => results[name]!.data[0] as number;
    const select = (kind: string, keys: Iterable<string>) =>
      new Map([...keys].map((key) => [key, results[`${kind} ${key}`] as Tensor<"float32">]));
    const norms = results["norms"]!.data as Float32Array;
    return {
      loss: number("loss"),
      metrics: Object.fromEntries(this.#metrics.map((name) => [name, number(`metric ${name}`)])),
      gradients: this.#update ? new Map() : select("gradient", this.trained.keys()),
      norms: new Map([...this.trained.keys()].map((key, i) => [key, norms[i]!])),
      buffers: select("buffer", this.#buffers),
      updated: this.#update?.updated(results),
    };
  }

  /** Frees the session's memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

function found(tensor: Tensor | undefined, name: string): Tensor {
  if (!tensor) throw new TypeError(`Expected a tensor for "${name}"`);
  return tensor;
}

/** A tensor of zeros for each shape. */
export function zerosLike(shapes: ReadonlyMap<string, readonly number[]>): Map<string, Tensor<"float32">> {
  return new Map([...shapes].map(([key, shape]) => [key, tensor("float32", shape)]));
}
