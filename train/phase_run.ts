/**
 * Takes the steps of one phase.
 * @module
 */
import type { Tensor } from "../tensor/tensor.ts";
import { countFlops, graph } from "../onnx/mod.ts";
import type { PhaseConfig, TrainingConfig } from "./config.ts";
import { BatchDraws } from "./draws.ts";
import type { NetworkName } from "./networks.ts";
import { adamW } from "./optimiser/adamw.ts";
import type { Weights } from "./optimiser/gradient_pass.ts";
import { lion } from "./optimiser/lion.ts";
import type { Optimiser } from "./optimiser/optimiser.ts";
import { learningRateFactor } from "./optimiser/schedule.ts";
import { sgd } from "./optimiser/sgd.ts";
import {
  type StepReport,
  type TrainingState,
  TrainingStep,
  type TrainingStepOptions,
} from "./optimiser/training_step.ts";
import type { Objective } from "./phases/objective.ts";
import { type Phase, scopedWeights } from "./phases/phase.ts";

/** Blocks whose forward pass is repeated where memory is to be saved. */
const blocks = /(^|\.)(blocks|down_blocks|up_blocks|layers)\.\d+(\.\d+)*$/;

/** The optimiser of a configuration. */
export function optimiserOf(config: PhaseConfig["optimiser"]): Optimiser {
  switch (config.name) {
    case "adamw":
      return adamW(config);
    case "sgd":
      return sgd(config);
    case "lion":
      return lion(config);
  }
}

/** Matrices and kernels decay; biases, norms, and the scalars of a block do not. */
const decays = (_key: string, shape: readonly number[]) => shape.length > 1;

/** How a phase's steps are taken, as its configuration says; the moving average is that of the networks alone. */
export function stepOptions(
  { optimiser, batches, clip, recompute }: PhaseConfig,
): Pick<TrainingStepOptions, "optimiser" | "batches" | "clip" | "decays" | "recompute"> {
  return {
    optimiser: optimiserOf(optimiser),
    batches,
    clip,
    decays,
    recompute: recompute ? (scope) => blocks.test(scope) : undefined,
  };
}

/** Floating-point operations of a step of these objectives: forward pass, and twice that backward. */
export function stepFlops(objectives: readonly Objective[], { batches }: Pick<PhaseConfig, "batches">): number {
  const forward = ({ loss }: Objective) => countFlops(graph({ outputs: { loss } }).nodes);
  return 3 * batches * objectives.reduce((sum, objective) => sum + forward(objective), 0);
}

/** What a phase starts from: its networks, and the factors of a LoRA. */
function firstWeights(phase: Phase, networks: ReadonlyMap<NetworkName, Weights>): Weights {
  return new Map([...scopedWeights(networks, phase.scopes), ...phase.lora?.factors ?? []]);
}

/** A phase with its sessions and what they have learnt. */
export class PhaseRun implements AsyncDisposable {
  readonly phase: Phase;
  readonly flops: number;
  readonly #own: PhaseConfig;
  readonly #seed: number;
  readonly #main: TrainingStep;
  readonly #adversary: TrainingStep | undefined;

  private constructor(
    phase: Phase,
    parts: { own: PhaseConfig; seed: number; main: TrainingStep; adversary: TrainingStep | undefined },
  ) {
    this.phase = phase;
    const objectives = [phase.objective, ...phase.adversary ? [phase.adversary.objective] : []];
    this.flops = stepFlops(objectives, parts.own);
    this.#own = parts.own;
    this.#seed = parts.seed;
    this.#main = parts.main;
    this.#adversary = parts.adversary;
  }

  /** Builds the sessions of a phase. */
  static async create(
    phase: Phase,
    { config, own, networks, states = {} }: {
      config: TrainingConfig;
      own: PhaseConfig;
      networks: ReadonlyMap<NetworkName, Weights>;
      states?: Readonly<Record<string, TrainingState>> | undefined;
    },
  ): Promise<PhaseRun> {
    const { threads, seed } = config;
    const shared = { ...stepOptions(own), threads };
    const main = await TrainingStep.create(phase.objective, firstWeights(phase, networks), {
      ...shared,
      trained: phase.trained,
      objectiveFor: phase.objectiveFor,
      averageDecay: own.average === 0 ? undefined : own.average,
      resume: states["main"],
    });
    const adversary = phase.adversary && await TrainingStep.create(phase.adversary.objective, phase.adversary.weights, {
      ...shared,
      trained: (key) => key.startsWith("discriminator."),
      objectiveFor: phase.adversary.objectiveFor,
      resume: states["adversary"],
    });
    return new PhaseRun(phase, { own, seed, main, adversary });
  }

  /** Steps that are done. */
  get step(): number {
    return this.#main.state.step;
  }

  get adversaryStep(): number | undefined {
    return this.#adversary?.state.step;
  }

  /** Everything that a checkpoint has to keep. */
  get states(): Record<string, TrainingState> {
    return { main: this.#main.state, ...(this.#adversary ? { adversary: this.#adversary.state } : {}) };
  }

  get learningRate(): number {
    const { optimiser, schedule, steps } = this.#own;
    return optimiser.learningRate * learningRateFactor(this.step, { ...schedule, steps });
  }

  /** Takes a step. */
  async next(): Promise<StepReport> {
    const step = this.step + 1;
    const batches: Record<string, Tensor>[] = [];
    for (let i = 0; i < this.#own.batches; i++) {
      const batch = (step - 1) * this.#own.batches + i;
      const draws = new BatchDraws(this.#seed, { phase: this.phase.name, batch });
      batches.push(await this.phase.inputs(draws, { step }));
    }
    const { optimiser: { learningRate }, schedule, steps } = this.#own;
    const factor = learningRateFactor(step, { ...schedule, steps });
    const others = this.#adversary ? { others: this.#adversary.state.weights } : {};
    const report = await this.#main.run(batches, { learningRate: learningRate * factor, ...others });
    const { adversary } = this.phase;
    if (!this.#adversary || !adversary || step <= adversary.start) return report;
    const judged = await this.#adversary.run(batches, {
      learningRate: adversary.learningRate * factor,
      others: this.#main.state.weights,
    });
    return { ...report, metrics: { ...report.metrics, discriminator: judged.loss } };
  }

  /** What the phase's networks are by now: their moving average where one is kept. */
  weights(): Map<NetworkName, Weights> {
    const { weights, average } = this.#main.state;
    const networks = new Map<NetworkName, Map<string, Tensor<"float32">>>();
    for (const [key, tensor] of weights) {
      const dot = key.indexOf(".");
      const name = this.phase.scopes[key.slice(0, dot)];
      if (!name || this.phase.lora?.factors.has(key)) continue;
      if (!networks.has(name)) networks.set(name, new Map());
      networks.get(name)!.set(key.slice(dot + 1), average?.get(key) ?? tensor);
    }
    return networks;
  }

  /** The factors of a LoRA by now, where one is trained. */
  lora(): Weights | undefined {
    const { weights, average } = this.#main.state;
    const { lora } = this.phase;
    return lora && new Map([...lora.factors.keys()].map((key) => [key, average?.get(key) ?? weights.get(key)!]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#main.release();
    await this.#adversary?.release();
    await this.phase[Symbol.asyncDispose]();
  }
}
