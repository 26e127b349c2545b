/**
 * One step of training: gradients of one or several batches, checked, clipped and applied.
 *
 * What a step costs beside its ONNX run: weights and states go in without a copy, and each output is copied once, to the JavaScript
 * heap, which onnxruntime-node 1.30 does even where outputs are allocated beforehand. With AdamW and an average that is four tensors
 * a parameter: 70 ms at 13 M parameters, of 740 for a step of Stage B, on two cores of an AMD EPYC. A gradient that had to come out
 * and go in again would be 50 more, so the passes of a step end in its update.
 * @module
 */
import type { Tensor } from "../../tensor/tensor.ts";
import type { Objective } from "../phases/objective.ts";
import { clipFactor, globalNorm } from "./clip.ts";
import { emaDecay } from "./ema.ts";
import { checkState } from "./check_state.ts";
import { free } from "./free.ts";
import { gradientGraph } from "./gradient_graph.ts";
import { GradientPass, type GradientPassOptions, type Weights, zerosLike } from "./gradient_pass.ts";
import { checkFinite } from "./nan_guard.ts";
import type { Optimiser } from "./optimiser.ts";
import type { Updated, UpdateNumbers, UpdateOptions } from "./update.ts";
import { Updater } from "./updater.ts";

/** Everything that a training carries from step to step, by key: what a checkpoint holds. */
export interface TrainingState {
  /** Steps that are done. */
  step: number;
  weights: Map<string, Tensor<"float32">>;
  /** The optimiser's tensors by slot. */
  slots: Map<string, Weights>;
  /** Moving average of the trained weights, where one is kept. */
  average: Weights | undefined;
}

/** How steps are taken. */
export interface TrainingStepOptions extends Omit<GradientPassOptions, "accumulate" | "update"> {
  /**
   * The objective for these inputs, where that depends on their sizes; the same object each time, of the same parameters. Its session is
   * built when it is first needed, and kept.
   */
  objectiveFor?: ((inputs: Readonly<Record<string, Tensor>>) => Objective) | undefined;
  optimiser: Optimiser;
  /** Batches whose gradients are averaged for one step; 1 where left out. */
  batches?: number;
  /** Largest global norm of the gradients. */
  clip?: number | undefined;
  /** Keeps a moving average of the weights with this decay, see {@linkcode emaDecay}. */
  averageDecay?: number | undefined;
  decays?: UpdateOptions["decays"];
  /** Where an earlier training stood; its weights count in place of those handed in. */
  resume?: TrainingState | undefined;
}

/** What a step reports. */
export interface StepReport {
  readonly step: number;
  /** Mean over the step's batches. */
  readonly loss: number;
  /** Means over the step's batches. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Global norm of the gradient before clipping. */
  readonly norm: number;
}

/**
 * How the passes of a step are built: one that ends in the update, or several whose gradients add up.
 */
export function passOptions(
  { batches = 1, optimiser, averageDecay, decays, clip, ...options }: TrainingStepOptions,
): GradientPassOptions {
  if (batches > 1) return { ...options, accumulate: true };
  return { ...options, update: { optimiser, average: averageDecay !== undefined, decays, clip } };
}

/**
 * Takes steps. Sessions are built once: one for a whole step, of each size of inputs; or, where several batches make a step, one for the
 * gradients and one for the update. The host sees the loss and the norms before it takes over what a step made, and stops a NaN.
 */
export class TrainingStep {
  /** Shape of each trained parameter, in the order of the forward pass. */
  readonly trained: ReadonlyMap<string, readonly number[]>;
  readonly #objective: Objective;
  readonly #passes: Map<Objective, GradientPass>;
  readonly #updater: Updater | undefined;
  readonly #options: TrainingStepOptions;
  readonly #state: TrainingState;
  /** Tensors of the state that a step made, and the next one may free. */
  #made: readonly Weights[] = [];

  private constructor(
    parts: {
      objective: Objective;
      trained: TrainingStep["trained"];
      passes: Map<Objective, GradientPass>;
      updater: Updater | undefined;
    },
    options: TrainingStepOptions,
    state: TrainingState,
  ) {
    this.trained = parts.trained;
    this.#objective = parts.objective;
    this.#passes = parts.passes;
    this.#updater = parts.updater;
    this.#options = options;
    this.#state = state;
  }

  /**
   * Builds the sessions.
   *
   * @param weights first value of every parameter of the objective
   * @throws {ConfigError} where the state to go on from is not of this objective and optimiser
   */
  static async create(
    objective: Objective,
    weights: Weights,
    options: TrainingStepOptions,
  ): Promise<TrainingStep> {
    const { optimiser, averageDecay, batches = 1, decays, threads, resume, objectiveFor } = options;
    const passes = new Map<Objective, GradientPass>();
    if (!objectiveFor) {
      passes.set(objective, await GradientPass.create(objective, passOptions(options)));
    }
    const { trained } = passes.get(objective) ?? gradientGraph(objective, options);
    const average = averageDecay !== undefined;
    if (resume) checkState(resume, { weights, trained, slots: optimiser.slots, average });
    const updater = batches > 1 ? await Updater.create(optimiser, trained, { average, decays, threads }) : undefined;
    const state = resume ?? {
      step: 0,
      weights: new Map(weights),
      slots: new Map(optimiser.slots.map((slot) => [slot, zerosLike(trained)])),
      average: average ? new Map([...trained.keys()].map((key) => [key, weights.get(key)!])) : undefined,
    };
    return new TrainingStep({ objective, trained, passes, updater }, options, state);
  }

  /** Where the training stands. A step makes new tensors and frees those that the step before made: copy what is to stay. */
  get state(): TrainingState {
    return this.#state;
  }

  async #passOf(objective: Objective): Promise<GradientPass> {
    const found = this.#passes.get(objective);
    if (found) return found;
    const pass = await GradientPass.create(objective, passOptions(this.#options));
    this.#passes.set(objective, pass);
    return pass;
  }

  /**
   * Takes one step.
   *
   * @param inputs the objective's inputs, for each of the step's batches
   * @param options.others weights of parameters that are trained elsewhere, and so are not part of this state
   * @throws {NumericError} where the loss or a gradient is not finite; the state is then that of the step before
   */
  async run(
    inputs: readonly Readonly<Record<string, Tensor>>[],
    { learningRate, others = new Map() }: { learningRate: number; others?: Weights },
  ): Promise<StepReport> {
    const { batches = 1, clip, averageDecay } = this.#options;
    if (inputs.length !== batches) throw new RangeError(`Expected ${batches} batches but found ${inputs.length}`);
    const state = this.#state;
    const step = state.step + 1;
    const weights = new Map([...state.weights, ...others]);
    const numbers = {
      step,
      learningRate,
      ...(averageDecay === undefined ? {} : { averageDecay: emaDecay(step, { decay: averageDecay }) }),
    };
    const { slots, average } = state;
    const { gradients, norm, updated: fused, ...report } = await this.#runPasses(inputs, { numbers, weights });
    const updated = fused ?? await this.#updater!.run({ weights, gradients, slots, average }, {
      ...numbers,
      scale: clipFactor(norm, clip) / batches,
    });
    free(gradients.values());
    free(this.#made.flatMap((made) => [...made.values()]));
    this.#made = [updated.weights, ...updated.slots.values(), updated.average ?? new Map()];
    for (const [key, tensor] of updated.weights) weights.set(key, tensor);
    for (const key of others.keys()) weights.delete(key);
    Object.assign(state, { step, weights, slots: updated.slots, average: updated.average });
    return { step, norm, ...report };
  }

  /** Runs the passes of a step; what becomes of the objective's buffers is put into `weights`. */
  async #runPasses(
    inputs: readonly Readonly<Record<string, Tensor>>[],
    { numbers, weights }: { numbers: UpdateNumbers; weights: Map<string, Tensor<"float32">> },
  ) {
    let sums: Weights | undefined;
    let updated: Updated | undefined;
    let norm = 0;
    let loss = 0;
    const metrics: Record<string, number> = {};
    for (const batch of inputs) {
      const objective = this.#options.objectiveFor?.(batch) ?? this.#objective;
      const update = { state: this.#state, numbers };
      const pass = await (await this.#passOf(objective)).run(batch, { weights, sums, update });
      checkFinite(numbers.step, pass);
      for (const [key, tensor] of pass.buffers) weights.set(key, tensor);
      for (const [name, value] of Object.entries(pass.metrics)) {
        metrics[name] = (metrics[name] ?? 0) + value / inputs.length;
      }
      loss += pass.loss / inputs.length;
      norm = globalNorm(pass.norms) / inputs.length;
      free(sums?.values() ?? []);
      sums = pass.gradients;
      updated = pass.updated;
    }
    return { gradients: sums!, updated, norm, loss, metrics };
  }

  /** Frees the sessions' memory; the state stays. */
  async release(): Promise<void> {
    for (const pass of this.#passes.values()) await pass.release();
    await this.#updater?.release();
  }
}
