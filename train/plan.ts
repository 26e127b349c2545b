/**
 * What a training will take, before anything of it is run.
 * @module
 */
import { gradient, graph, parametersOf, peakActivationBytes } from "../onnx/mod.ts";
import { ddpmWuerstchen } from "../schedulers/ddpm_wuerstchen.ts";
import { loadClipTokenizer } from "../text/load_clip_tokenizer.ts";
import { type PhaseName, phaseNames, type TrainingConfig } from "./config.ts";
import { join } from "node:path";
import { initialWeights, networkConfigs, type NetworkName, networkNames } from "./networks.ts";
import type { Weights } from "./optimiser/gradient_pass.ts";
import { optimiserOf, stepFlops } from "./phase_run.ts";
import { startPhase } from "./phases/start_phase.ts";
import { withStartSizes } from "./start.ts";
import { prepareTokenizers } from "./tokenizer.ts";
import { TrainingData } from "./training_data.ts";

/** What one phase takes. */
export interface PhasePlan {
  readonly phase: PhaseName;
  readonly steps: number;
  /** Pictures a step. */
  readonly batch: number;
  /** Samples that the phase draws from. */
  readonly samples: number;
  /** Parameters that learn. */
  readonly trained: number;
  /** Floating-point operations, and operators, of one step. */
  readonly stepFlops: number;
  readonly stepNodes: number;
  /** Bytes in memory at the peak of a step: weights, gradients, the optimiser's tensors, averages and activations. */
  readonly memory: number;
}

/** What a training takes. */
export interface TrainingPlan {
  readonly samples: number;
  readonly parameters: Readonly<Record<NetworkName, number>>;
  /** Bytes of one checkpoint with its optimiser's state, of the largest phase; and of the finished model. */
  readonly checkpointBytes: number;
  readonly modelBytes: number;
  readonly phases: readonly PhasePlan[];
}

const count = (weights: Weights) => [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);

/** Program, runtime library and JavaScript heap. */
const baseBytes = 300e6;

/**
 * Plans a training: every phase's graph is built, with its backward pass, and counted; nothing is run.
 *
 * @throws {ConfigError} where the configuration is impossible
 */
export async function planTraining(given: TrainingConfig): Promise<TrainingPlan> {
  const config = await withStartSizes(given);
  const folder = await Deno.makeTempDir();
  try {
    const data = await TrainingData.open(config, { scratch: join(folder, "scratch") });
    const configs = networkConfigs(config, await prepareTokenizers(folder, config, data));
    const networks = new Map(networkNames.map((name) => [name, initialWeights(name, configs, config) as Weights]));
    const phases: PhasePlan[] = [];
    for (const phase of phaseNames) {
      if (!config[phase]) continue;
      const tokenizer = await loadClipTokenizer(join(folder, phase === "stageC" ? "prior" : "decoder"));
      phases.push(await planPhase(phase, { config, configs, data, tokenizer, networks }));
    }
    const parameters = Object.fromEntries([...networks].map(([name, weights]) => [name, count(weights)])) as Record<
      NetworkName,
      number
    >;
    const all = Object.values(parameters).reduce((sum, number) => sum + number, 0);
    const states = phases.map(({ phase, trained }) => trained * 4 * copies(config, phase));
    return {
      samples: data.source.length,
      parameters,
      checkpointBytes: 4 * all + Math.max(...states),
      modelBytes: (config.dtype === "float16" ? 2 : 4) * all,
      phases,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Copies of the trained weights that a checkpoint's state holds. */
function copies(config: TrainingConfig, phase: PhaseName): number {
  const own = config[phase]!;
  return 1 + optimiserOf(own.optimiser).slots.length + (own.average === 0 ? 0 : 1);
}

async function planPhase(
  name: PhaseName,
  context: Omit<Parameters<typeof startPhase>[1], "scheduler">,
): Promise<PhasePlan> {
  const { config } = context;
  const own = config[name]!;
  await using phase = await startPhase(name, { ...context, scheduler: ddpmWuerstchen() });
  const { loss, buffers } = phase.objective;
  const keyOf = (value: ReturnType<typeof parametersOf>[number]) =>
    value.source.kind === "parameter" ? value.source.key : "";
  const learns = (key: string) => !buffers.has(key) && (phase.trained?.(key) ?? true);
  const all = parametersOf(loss);
  const trained = all.filter((value) => learns(keyOf(value)));
  const gradients = gradient(loss, trained);
  const pass = graph({ outputs: { loss, ...Object.fromEntries(gradients.map((value, i) => [`g${i}`, value])) } });
  const numbers = (values: typeof all) =>
    values.reduce((sum, { shape }) => sum + (shape as number[]).reduce((product, side) => product * side, 1), 0);
  const learnt = numbers(trained);
  return {
    phase: name,
    steps: own.steps,
    batch: own.batch * own.batches,
    samples: phase.samples,
    trained: learnt,
    stepFlops: stepFlops(phase, own),
    stepNodes: own.batches * pass.nodes.length,
    // Weights and states are there twice while an update is made: what goes in, and what comes out.
    memory: baseBytes + 4 * numbers(all) + 4 * learnt * (1 + 2 * copies(config, name)) + peakActivationBytes(pass),
  };
}
