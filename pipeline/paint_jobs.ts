/**
 * Paints the jobs of one run with an open model: what is said before, between and after the stages of `generate.ts`.
 * @module
 */
import { NumericError } from "../errors.ts";
import { type OpenRuntime, runtimeLabel } from "../plugins/open_runtime.ts";
import type { Context, Events } from "./context.ts";
import { type ChosenDevices, deviceLabel } from "./devices.ts";
import { finishPicture, hashInputs } from "./finish_picture.ts";
import { forecastJob, planMemory } from "./fit_memory.ts";
import { checkMemory } from "./forecast.ts";
import { generate } from "./generate.ts";
import type { Job } from "./job.ts";
import { explainOutOfMemory } from "./lower_memory.ts";
import { Previewer } from "./preview.ts";
import type { Reconstruction } from "./reconstruct.ts";
import { continueWarnings, repeatWarnings } from "./repeat_warnings.ts";
import { Clock } from "./timings.ts";
import type { GenerateEvent, GenerateOptions, GenerateResult, ModelIdentity, WeightsEvent } from "./types.ts";
import { describeNonFinite, type WeightsCheck } from "./weights_check.ts";

/** A model that is open, and how it is to paint. */
export interface OpenModel extends Pick<Context, "parts" | "registry" | "latentMean" | "latentStd" | "keepLoaded"> {
  readonly runtime: OpenRuntime;
  readonly threads: number;
  readonly devices: ChosenDevices;
  /** Bytes that it may take. */
  readonly maxMemory: number | undefined;
  /** Paints without asking whether there is enough memory. */
  readonly ignoreMemory: boolean;
  /** Reads all weights meanwhile; nothing where they are not to be hashed. */
  readonly weights: WeightsCheck | undefined;
  /** What pictures say of the model. */
  identify(): Promise<ModelIdentity>;
  /** Makes a job within the run `index`. */
  makeJob(options: GenerateOptions, index: number): Job;
}

/** What happens before the jobs of a run. */
export type Preparation = Pick<Reconstruction, "stages" | "prepare">;

/**
 * Paints jobs.
 *
 * @param options.before comes first
 * @returns the results, in the order of the jobs
 * @throws {ResourceError} where there is not enough memory for one
 */
export async function* paintJobs(
  jobs: readonly Job[],
  model: OpenModel,
  { signal, before }: { signal: AbortSignal; before?: Preparation | undefined },
): Events<GenerateResult[]> {
  const clock = new Clock();
  const identity = model.identify();
  const { parts, registry, threads, keepLoaded, maxMemory: room, latentMean, latentStd, weights } = model;
  const runtime = `${await runtimeLabel(model.runtime)}${deviceLabel(model.devices)}`;
  const previewer = new Previewer(parts);
  const checkJob = async (job: Job) => {
    if (!model.ignoreMemory) await checkMemory(job.plan, forecastJob(job, parts, { keepLoaded }));
    return job;
  };
  for (const job of jobs) await checkJob(job);
  const context: Context = {
    parts,
    registry,
    latentMean,
    latentStd,
    keepLoaded,
    clock,
    signal,
    previewer,
    runtime: model.runtime,
    threads,
    makeJob: async (options, index) => await checkJob(model.makeJob(options, index)),
    finish: (job, picture) => finishPicture(job, picture, { identity, runtime, threads }),
  };
  try {
    for (const job of jobs) {
      const { index: run, plan, options } = job;
      const memory = room === undefined ? {} : { memory: planMemory(job, parts, { room, keepLoaded }) };
      yield { type: "plan", run, plan, options, stages: [...before?.stages ?? [], ...job.stages()], ...memory };
    }
    for (const message of model.devices.notices) yield* warnAll(jobs, message);
    for await (const event of compute(jobs, { context, weights, before })) {
      // The picture will be encoded with the hashes in it. An interruption does not hold it up.
      if (event.type === "image") yield* awaitWeights(weights, signal);
      yield event;
    }
    yield* awaitWeights(weights, signal);
    signal.throwIfAborted();
    const { nonFinite = [] } = await weights?.result() ?? {};
    if (nonFinite.length > 0) yield* warnAll(jobs, describeNonFinite(nonFinite));
    const results: GenerateResult[] = [];
    for (const job of jobs) {
      const { images, warnings, options, plan, index: run } = job;
      const named = await identity;
      for (const message of comparisons(job, { model: named, runtime, threads })) {
        warnings.push(message);
        yield { type: "warning", run, message };
      }
      const handOver = job.request.stopAfter ? { handOver: job.handOver(named) } : {};
      const { seed } = options;
      const result = { images, warnings, options, plan, seed, timings: clock.read(), model: named, ...handOver };
      results.push(result);
      yield { type: "result", run, result };
    }
    return results;
  } finally {
    await previewer.release();
  }
}

/** Says something about all pictures, once. */
function* warnAll(jobs: readonly Job[], message: string): Generator<GenerateEvent> {
  for (const job of jobs) job.warnings.push(message);
  yield { type: "warning", run: 0, message };
}

/** Runs the stages. Where a number that is none comes out, the error says whether such a number is in the weights; where memory runs out, what helps. */
async function* compute(
  jobs: readonly Job[],
  { context, weights, before }: {
    context: Context;
    weights: WeightsCheck | undefined;
    before: Preparation | undefined;
  },
): Events {
  try {
    if (before) yield* before.prepare(context);
    yield* generate(jobs, context);
  } catch (error) {
    if (!(error instanceof NumericError) || !weights) throw explainOutOfMemory(error, { jobs, parts: context.parts });
    yield* awaitWeights(weights, context.signal);
    const { nonFinite } = await weights.result().catch(() => ({ nonFinite: [] }));
    if (nonFinite.length === 0) throw error;
    throw new NumericError(`${error.message}; ${describeNonFinite(nonFinite)}`, { cause: error });
  }
}

/** What differs from the picture or the run that a job repeats or continues. */
function comparisons(
  { request }: Job,
  { model, runtime, threads }: { model: ModelIdentity; runtime: string; threads: number },
): string[] {
  const { repeats, from } = request;
  return [
    ...(repeats ? repeatWarnings(repeats, { model, runtime, threads, ...hashInputs(request) }) : []),
    ...(from ? continueWarnings(from, model) : []),
  ];
}

async function* awaitWeights(
  weights: WeightsCheck | undefined,
  signal: AbortSignal,
): AsyncGenerator<WeightsEvent> {
  if (weights) yield* weights.wait(signal);
}
