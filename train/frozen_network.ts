/**
 * A network that a training runs without teaching it.
 * @module
 */
import { encodeModel, fuseAttention, type Graph } from "../onnx/mod.ts";
import { Session } from "../runtime/session.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Weights } from "./optimiser/gradient_pass.ts";

/** A session whose weights come from memory. */
export class FrozenNetwork implements AsyncDisposable {
  readonly #session: Session;
  readonly #weights: Readonly<Record<string, Tensor>>;

  private constructor(session: Session, weights: Readonly<Record<string, Tensor>>) {
    this.#session = session;
    this.#weights = weights;
  }

  /**
   * Builds the session.
   *
   * @param weights every parameter of the graph by key; others are ignored
   */
  static async create(network: Graph, weights: Weights, { threads }: { threads?: number | undefined } = {}) {
    const fused = fuseAttention(network);
    const used = fused.parameters.map(({ key }) => [key, weights.get(key)] as const);
    const [missing] = used.find(([, tensor]) => tensor === undefined) ?? [];
    if (missing !== undefined) throw new TypeError(`Expected a weight for "${missing}"`);
    const session = await Session.create(encodeModel(fused, () => ({ kind: "input" })), { threads });
    return new FrozenNetwork(session, Object.fromEntries(used) as Record<string, Tensor>);
  }

  /** Runs it once. */
  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    return await this.#session.run({ ...this.#weights, ...inputs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release();
  }
}
