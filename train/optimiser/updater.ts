/**
 * An optimiser's update of all parameters as one session.
 * @module
 */
import { encodeModel, graph, input, mul, type Value } from "../../onnx/mod.ts";
import { Session } from "../../runtime/session.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { movingAverage } from "./ema.ts";
import type { Weights } from "./gradient_pass.ts";
import type { Optimiser, StepInfo } from "./optimiser.ts";

/** How the update is built. */
export interface UpdaterOptions {
  /** Keeps an exponential moving average of the weights. */
  average?: boolean;
  /** Which parameters decay, by key and shape; all where left out, as in torch. */
  decays?: ((key: string, shape: readonly number[]) => boolean) | undefined;
  threads?: number | undefined;
}

/** What an update reads: everything but the optimiser itself. */
export interface UpdateState {
  readonly weights: Weights;
  readonly gradients: Weights;
  /** The optimiser's tensors by slot and key. */
  readonly slots: ReadonlyMap<string, Weights>;
  /** The moving average, where one is kept. */
  readonly average?: Weights | undefined;
}

/** Numbers of an update. */
export interface UpdateNumbers extends StepInfo {
  /** What gradients are multiplied with: clipping, and the number of batches that were summed. */
  readonly scale: number;
  /** d of the moving average, see {@linkcode emaDecay}. */
  readonly averageDecay?: number;
}

/** Next values, by key. */
export interface Updated {
  readonly weights: Map<string, Tensor<"float32">>;
  readonly slots: Map<string, Map<string, Tensor<"float32">>>;
  readonly average?: Map<string, Tensor<"float32">>;
}

/** The session of an optimiser over some parameters. */
export class Updater {
  readonly optimiser: Optimiser;
  readonly #session: Session;
  readonly #keys: readonly string[];
  readonly #inputs: ReadonlySet<string>;
  readonly #averages: boolean;

  private constructor(session: Session, parts: {
    optimiser: Optimiser;
    keys: readonly string[];
    inputs: ReadonlySet<string>;
    averages: boolean;
  }) {
    this.#session = session;
    this.optimiser = parts.optimiser;
    this.#keys = parts.keys;
    this.#inputs = parts.inputs;
    this.#averages = parts.averages;
  }

  /** Builds the session for parameters of these shapes. */
  static async create(
    optimiser: Optimiser,
    shapes: ReadonlyMap<string, readonly number[]>,
    { average = false, decays = () => true, threads }: UpdaterOptions = {},
  ): Promise<Updater> {
    const names = Object.keys(optimiser.numbers({ step: 1, learningRate: 1 }));
    const numbers = Object.fromEntries([...names, "scale", "rest"].map((name) => [name, input(name, "float32", [])]));
    const outputs: Record<string, Value> = {};
    for (const [key, shape] of shapes) {
      const of = (kind: string) => input(`${kind} ${key}`, "float32", shape);
      const slots = Object.fromEntries(optimiser.slots.map((slot) => [slot, of(slot)]));
      const gradient = mul(of("gradient"), numbers["scale"]!);
      const updated = optimiser.update({
        weight: of("weight"),
        gradient,
        slots,
        numbers,
        decays: decays(key, shape),
      });
      outputs[`next weight ${key}`] = updated.weight;
      for (const slot of optimiser.slots) outputs[`next ${slot} ${key}`] = updated.slots[slot]!;
      if (average) {
        outputs[`next average ${key}`] = movingAverage(of("average"), updated.weight, { rest: numbers["rest"]! });
      }
    }
    const built = graph({ name: optimiser.name, outputs });
    const model = encodeModel(built, () => ({ kind: "input" }));
    const session = await Session.create(model, { threads, memoryPattern: false });
    return new Updater(session, {
      optimiser,
      keys: [...shapes.keys()],
      inputs: new Set(built.inputs.map(({ name }) => name)),
      averages: average,
    });
  }

  /** Computes the next values; what is handed in stays as it is. */
  async run(
    { weights, gradients, slots, average }: UpdateState,
    { scale, averageDecay = 0, ...info }: UpdateNumbers,
  ): Promise<Updated> {
    const feeds: Record<string, Tensor> = {};
    const give = (name: string, tensor: Tensor | undefined) => {
      if (!this.#inputs.has(name)) return;
      if (!tensor) throw new TypeError(`Expected a tensor for "${name}"`);
      feeds[name] = tensor;
    };
    const numbers = { ...this.optimiser.numbers(info), scale, rest: 1 - averageDecay };
    for (const [name, number] of Object.entries(numbers)) give(name, tensor("float32", [], Float32Array.of(number)));
    const kinds = new Map([...slots, ["weight", weights], ["gradient", gradients], ["average", average]] as const);
    for (const key of this.#keys) {
      for (const [kind, tensors] of kinds) give(`${kind} ${key}`, tensors?.get(key));
    }
    const results = await this.#session.run(feeds);
    const select = (kind: string) =>
      new Map(this.#keys.map((key) => [key, results[`next ${kind} ${key}`] as Tensor<"float32">]));
    return {
      weights: select("weight"),
      slots: new Map(this.optimiser.slots.map((slot) => [slot, select(slot)])),
      ...(this.#averages ? { average: select("average") } : {}),
    };
  }

  /** Frees the session's memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}
