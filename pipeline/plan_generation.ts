/**
 * What a generation will take: settings, memory and operations, before anything is loaded.
 * @module
 */
import { blame } from "../plugins/registry.ts";
import type { Device } from "../runtime/devices/device.ts";
import { tilesOf } from "./decode_picture.ts";
import { forecastJob } from "./fit_memory.ts";
import type { Forecast } from "./forecast.ts";
import type { Work } from "./forecast_time.ts";
import { isGuided } from "./guidance.ts";
import { Job } from "./job.ts";
import { type StageCosts, stageCosts, workOf } from "./operations.ts";
import type { Pipeline } from "./pipeline.ts";
import type { SizePlan } from "./plan.ts";
import { type SampledStage, takenScales, usualScheduler } from "./sampling.ts";
import { promptsOf } from "./text_states.ts";
import type { GenerateOptions, ResolvedOptions, StageName, StagePlan } from "./types.ts";

/** What a stage of a generation will do. */
export interface StageWork extends Work {
  readonly stage: StageName;
  /** Pictures and texts that its network will be run on. */
  readonly evaluations: number;
  /** What it runs on; the processor where nothing is said. */
  readonly device: Device | undefined;
}

/** What a generation will take. */
export interface GenerationPlan {
  /** All settings, defaults filled in. */
  readonly options: ResolvedOptions;
  readonly sizes: SizePlan;
  /** The stages as events count them. */
  readonly stages: readonly StagePlan[];
  readonly memory: Forecast;
  /** What each stage's network costs. */
  readonly costs: StageCosts;
  readonly work: readonly StageWork[];
}

/**
 * Plans a generation. A prior that makes the embedding in place of Stage C is taken to cost what Stage C costs.
 *
 * @throws {ConfigError} where an option is out of its range or does not fit the model
 */
export async function planGeneration(pipeline: Pipeline, request: GenerateOptions): Promise<GenerationPlan> {
  const { parts, rules, defaults, registry, keepLoaded } = pipeline;
  const forecast = pipeline.forecastMemory.bind(pipeline);
  const job = new Job(request, { index: 0, rules, defaults, registry, forecast });
  const { options, plan: sizes, batches } = job;
  const stages = job.stages();
  const memory = forecastJob(job, parts, { keepLoaded });
  const planned = { ...sizes, tile: options.tile };
  const tiles = tilesOf(parts.decoder.autoencoder, sizes.decoder, options);
  const costs = stageCosts(parts, planned, batches);
  const work: StageWork[] = [];
  for (const { stage, total } of stages) {
    const cost = costs[stage];
    // Post-processors run no network that is known here.
    if (!cost) continue;
    const evaluations = stage === "prior" || stage === "decoder"
      ? await sampledEvaluations(pipeline, job, stage)
      : stage === "prior text"
      ? new Set(promptsOf(job, "prior")).size
      : stage === "decoder text"
      ? new Set(promptsOf(job, "decoder")).size
      : stage === "pixels"
      ? total * tiles.rows.length * tiles.columns.length
      : total;
    work.push({ stage, evaluations, device: cost.device, ...workOf(cost, evaluations) });
  }
  return { options, sizes, stages, memory, costs, work };
}

async function sampledEvaluations({ parts, registry }: Pipeline, job: Job, stage: SampledStage): Promise<number> {
  const own = job.sampling(stage);
  const scales = takenScales(job.options[`${stage}Guidance`], { ...own, steps: job.options[`${stage}Steps`] });
  const rows = scales.reduce((sum, scale) => sum + (isGuided(scale) ? 2 : 1), 0);
  const { plugin, create } = registry.choose("scheduler", own.scheduler ?? usualScheduler);
  const scheduler = await create(parts[stage].sampling);
  try {
    return job.count * rows * (scheduler.evaluations ?? 1);
  } finally {
    await blame(plugin, () => scheduler.dispose?.());
  }
}
