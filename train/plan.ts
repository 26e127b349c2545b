/**
 * What a training will take, before anything of it is run.
 * @module
 */
import { join } from "node:path";
import type { HubOptions } from "../pipeline/fetch_model.ts";
import { checkTraining } from "./check_training.ts";
import { type PhaseName, phaseNames, type TrainingConfig } from "./config.ts";
import { fetchStart } from "./fetch_start.ts";
import { readEncoderSizes } from "./joined_encoders.ts";
import { networkConfigs, type NetworkName } from "./networks.ts";
import { copiesOf, parameterCounts, phaseCost } from "./phase_cost.ts";
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
  readonly parameters: Readonly<Partial<Record<NetworkName, number>>>;
  /** Bytes of one checkpoint with its optimiser's state, of the largest phase; and of the finished model. */
  readonly checkpointBytes: number;
  readonly modelBytes: number;
  readonly phases: readonly PhasePlan[];
}

/**
 * Plans a training: every phase's graph is built, with its backward pass, and counted; nothing is run. Of a model on a hub no weights
 * are fetched.
 *
 * @throws {ConfigError} where the configuration is impossible
 */
export async function planTraining(
  given: TrainingConfig,
  { hub }: { hub?: HubOptions | undefined } = {},
): Promise<TrainingPlan> {
  const start = given.start && (await fetchStart(given.start, { hub: { ...hub, weights: false } })).start;
  const config = await withStartSizes(start === undefined ? given : { ...given, start });
  checkTraining(config);
  const folder = await Deno.makeTempDir();
  try {
    const data = await TrainingData.open(config, { scratch: join(folder, "scratch") });
    const vocabularies = await prepareTokenizers(folder, config, data);
    const configs = networkConfigs(config, vocabularies, { encoders: await readEncoderSizes(config) });
    const phases = phaseNames.flatMap((name): PhasePlan[] => {
      const own = config[name];
      if (!own) return [];
      const { maxLength: tokens } = vocabularies[name === "stageC" ? "prior" : "decoder"];
      const { trained, stepFlops, stepNodes, memory } = phaseCost(name, { config, configs, tokens });
      const { length: samples } = data.split(own).training;
      const batch = own.batch * own.batches;
      return [{ phase: name, steps: own.steps, batch, samples, trained, stepFlops, stepNodes, memory }];
    });
    const parameters = parameterCounts(configs);
    const all = Object.values(parameters).reduce((sum, number) => sum + number, 0);
    const states = phases.map(({ phase, trained }) => trained * 4 * copiesOf(config[phase]!));
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
