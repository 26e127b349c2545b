/**
 * Runs the sampling loop of a stage with the job's own scheduler and guidance, and reports its steps.
 * @module
 */
import type { Scheduler } from "../plugins/contracts/scheduler.ts";
import { blame } from "../plugins/registry.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { batchParts, type Conditions, predictInParts } from "./batch_parts.ts";
import { type Context, type Events, warnings } from "./context.ts";
import { denoise, type DenoiseStep } from "./denoise.ts";
import { finite } from "./finite.ts";
import { rows, stack } from "./guidance.ts";
import type { Job } from "./job.ts";
import { lowerBatch } from "./lower_memory.ts";
import { type SampledStage, usualScheduler } from "./sampling.ts";

/** Rows that are recorded under a name of their own: `prior`, `decoder`, or `decoder0`, `decoder1` … with several prompts. */
export interface NamedRows {
  readonly name: string;
  readonly count: number;
}

/** Hands each part of a tensor to whoever asked for tensors, under the name that is made of its own. */
export function recordRows(
  job: Job,
  x: Tensor<"float32">,
  named: readonly NamedRows[],
  nameOf: (name: string) => string,
): void {
  if (!job.request.onTensor) return;
  let at = 0;
  for (const { name, count } of named) {
    const { shape, data } = rows(x, at, at + count);
    job.record(nameOf(name), named.length === 1 ? x : tensor("float32", shape, data.slice()));
    at += count;
  }
}

/** What a stage is sampled from. */
export interface StageInput<C extends Conditions> {
  /** What tensors of the run are named after, in the order of their rows. */
  readonly named: readonly NamedRows[];
  /** What stands at the first step's time t [b, …], or makes it. */
  readonly latents: Tensor<"float32"> | ((t: number) => Tensor<"float32">);
  /** First step to take; the job's own where left out. */
  readonly start?: number | undefined;
  /** Draws the noise of a step, counted from 0; the job does where left out. */
  readonly noise?: (step: number) => Tensor<"float32">;
  /** Steps that other loops of the stage have taken, and those of all. */
  readonly progress: { readonly done: number; readonly total: number };
  /** Copies of each latent that the network makes itself. */
  readonly copies: number;
  /** Of all latents; with guidance twice as many rows, first those with the prompts. */
  readonly conditions: C;
  /** Predicts from latents, given their conditions: those of both halves, or those with prompts alone. */
  predict(latents: Tensor<"float32">, options: { readonly t: number } & C): Promise<Tensor<"float32">>;
}

/** Samples a stage; returns its last latents. */
export async function* sampleStage<C extends Conditions>(
  job: Job,
  stage: SampledStage,
  { named, start, progress, copies, conditions, predict, ...input }: StageInput<C>,
  context: Context,
): Events<Tensor<"float32">> {
  const { sampling: { schedule, prediction } } = context.parts[stage];
  const own = job.sampling(stage);
  const chosen = context.registry.choose("scheduler", own.scheduler ?? usualScheduler);
  const scheduler = await chosen.create({ schedule, prediction });
  const name = named.length === 1 ? named[0]!.name : `${named[0]!.name}…${named.at(-1)!.name}`;
  try {
    const sampler = withName(chosen.name, scheduler);
    const timesteps = job.timesteps(stage, { scheduler: sampler, schedule });
    const begin = start ?? own.startStep ?? 0;
    const latents = typeof input.latents === "function" ? input.latents(timesteps[begin]!) : input.latents;
    const guided = job.isGuided(stage);
    const count = latents.shape[0]!;
    const { network } = context.parts[stage].stage;
    const cut = (most: number | undefined) => {
      const parts = batchParts(conditions, { count, guided, most });
      network.turns = parts.length;
      return parts;
    };
    let parts = cut(job.options.batchSize);
    const inFittingParts = async (x: Tensor<"float32">, how: Parameters<typeof predictInParts<C>>[2]) => {
      for (;;) {
        try {
          return await predictInParts(x, parts, how);
        } catch (error) {
          parts = cut(await lowerBatch(job, error, { stage, network, count }));
        }
      }
    };
    let evaluations = 0;
    const loop = denoise({
      stage,
      name,
      schedule,
      prediction,
      scheduler: sampler,
      timesteps,
      latents,
      scales: job.scales(stage),
      rescale: own.guidanceRescale,
      start: begin,
      stop: own.stopStep,
      // A session that doubles no latents serves guided steps with a batch that is doubled here.
      predict: (x, { t, guided, step }) => {
        evaluations += x.shape[0]! * (guided ? 2 : 1);
        return inFittingParts(x, {
          guided: guided || copies > 1,
          predict: (x, { all, conditional }) =>
            finite(
              () =>
                copies === 1 && guided
                  ? predict(stack(x, x), { t, ...all })
                  : predict(x, { t, ...(copies > 1 ? all : conditional) }),
              { network, where: () => `${stage}: step ${step + 1}: ${name}.model_output.${step}` },
            ),
        });
      },
      noise: input.noise ?? ((step) => job.noise(stage, latents.shape, { step: step + 1 })),
      signal: context.signal,
    });
    const takeEvaluations = () => {
      const taken = evaluations;
      evaluations = 0;
      return taken;
    };
    return yield* reportSteps(loop, { job, stage, named, takeEvaluations, ...progress }, context);
  } finally {
    await blame(chosen.plugin, () => scheduler.dispose?.());
  }
}

function withName(name: string, scheduler: Scheduler): Scheduler & { readonly name: string } {
  const { timesteps } = scheduler;
  return {
    name,
    step: (input) => scheduler.step(input),
    ...(timesteps ? { timesteps: (n) => timesteps.call(scheduler, n) } : {}),
  };
}

/** Passes the steps of a loop on as events and records their tensors; returns the last latents. */
async function* reportSteps(
  loop: AsyncGenerator<DenoiseStep, Tensor<"float32">>,
  { job, stage, named, takeEvaluations, done, total }: {
    job: Job;
    stage: SampledStage;
    named: readonly NamedRows[];
    /** Rows that the network was run on since it was last asked. */
    takeEvaluations: () => number;
    done: number;
    total: number;
  },
  { clock, previewer, latentMean, latentStd, parts }: Context,
): Events<Tensor<"float32">> {
  // A preview shows the newest step, whichever event it is asked of.
  let newest: DenoiseStep | undefined;
  const preview = () => {
    const { clean } = newest!;
    if (stage === "decoder") return previewer.paint(clean);
    return previewer.paintEmbedding(
      tensor("float32", clean.shape, clean.data.map((value) => value * latentMean - latentStd)),
    );
  };
  const hasPreview = stage === "decoder" || previewer.paintsEmbeddings;
  for (let taken = 1;; taken++) {
    const { done: finished, value } = await loop.next();
    if (finished) return value;
    newest = value;
    const { index, seconds, latents } = value;
    clock.step(stage, seconds, { evaluations: takeEvaluations() });
    recordRows(job, value.noise, named, (name) => `noise.${name}.${index + 1}`);
    recordRows(job, value.modelOutput, named, (name) => `${name}.model_output.${index}`);
    recordRows(job, latents, named, (name) => `${name}.latents.${index}`);
    yield* warnings(job, parts[stage].stage.network);
    yield {
      type: "step",
      run: job.index,
      stage,
      step: done + taken,
      total,
      seconds,
      latents: () => structuredClone(latents),
      ...(hasPreview ? { preview } : {}),
    };
  }
}
