/**
 * An optimiser's update of all parameters as one session.
 * @module
 */
import { encodeModel, graph, input } from "../../onnx/mod.ts";
import { Session } from "../../runtime/session.ts";
import { sizeOf, type Tensor, tensor } from "../../tensor/tensor.ts";
import type { Weights } from "./gradient_pass.ts";
import type { Optimiser } from "./optimiser.ts";
import { Update, type Updated, type UpdateNumbers, type UpdateOptions, type UpdateState } from "./update.ts";

/** The session of an optimiser over some parameters, whose gradients come from several passes. */
export class Updater {
  readonly optimiser: Optimiser;
  readonly #session: Session;
  readonly #update: Update;
  readonly #keys: readonly string[];

  private constructor(session: Session, update: Update, { keys }: { keys: readonly string[] }) {
    this.#session = session;
    this.optimiser = update.optimiser;
    this.#update = update;
    this.#keys = keys;
  }

  /** Builds the session for parameters of these shapes. */
  static async create(
    optimiser: Optimiser,
    shapes: ReadonlyMap<string, readonly number[]>,
    { threads, ...options }: UpdateOptions & { threads?: number | undefined } = {},
  ): Promise<Updater> {
    const update = new Update(optimiser, shapes, options);
    const of = (kind: string) => (key: string) => input(`${kind} ${key}`, "float32", [sizeOf(shapes.get(key)!)]);
    const outputs = update.outputs({
      weight: of("weight"),
      gradient: of("gradient"),
      scale: input("scale", "float32", []),
    });
    const model = encodeModel(graph({ name: optimiser.name, outputs }), () => ({ kind: "input" }));
    const session = await Session.create(model, { threads, memoryPattern: false });
    return new Updater(session, update, { keys: [...shapes.keys()] });
  }

  /**
   * Computes the next values; what is handed in stays as it is.
   *
   * @param options.scale what gradients are multiplied with: clipping, and the number of batches that were summed
   */
  async run(
    { weights, gradients, ...state }: UpdateState & { readonly weights: Weights; readonly gradients: Weights },
    { scale, ...numbers }: UpdateNumbers & { readonly scale: number },
  ): Promise<Updated> {
    const feeds = this.#update.feeds(state, numbers);
    feeds["scale"] = tensor("float32", [], Float32Array.of(scale));
    for (const [kind, tensors] of [["weight", weights], ["gradient", gradients]] as const) {
      for (const key of this.#keys) feeds[`${kind} ${key}`] = inRow(tensors.get(key), `${kind} ${key}`);
    }
    return this.#update.updated(await this.#session.run(feeds));
  }

  /** Frees the session's memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

function inRow(given: Tensor<"float32"> | undefined, name: string): Tensor<"float32"> {
  if (!given) throw new TypeError(`Expected a tensor for "${name}"`);
  return tensor("float32", [given.data.length], given.data);
}
