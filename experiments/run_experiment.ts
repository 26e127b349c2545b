/**
 * Runs an experiment: paints what is not there yet, measures it, and writes the report.
 * @module
 */
import { CheckpointError, ConfigError, NumericError, PluginError, ResourceError } from "../errors.ts";
import { operationsOf } from "../pipeline/operations.ts";
import type { GenerateEvent, GenerateResult, StageName } from "../pipeline/types.ts";
import { version } from "../version.ts";
import { type FailureEvent, type MeasureEvent, measureExperiment } from "./measure.ts";
import type { ExperimentPlan, PlannedPicture } from "./plan_experiment.ts";
import { writeExperimentReport } from "./report/write_report.ts";
import type { RunFolder } from "./run_folder.ts";

/** Something that happened during a run. */
export type ExperimentEvent =
  /** What there is to do; `finished` pictures are there from an earlier run. */
  | { readonly type: "start"; readonly pictures: number; readonly finished: number }
  /** Something inside of one picture. */
  | { readonly type: "inside"; readonly id: string; readonly event: GenerateEvent }
  /** A picture is painted and written. */
  | {
    readonly type: "picture";
    readonly id: string;
    readonly file: string;
    /** Of all pictures. */
    readonly done: number;
    readonly total: number;
    readonly seconds: number;
  }
  | MeasureEvent
  | FailureEvent
  /** The report is written. */
  | { readonly type: "end"; readonly report: string; readonly pictures: number; readonly failures: number };

/**
 * Runs an experiment in its folder. The report is written however the run ends, of what is there then.
 *
 * @throws {ConfigError} and kin where nothing can go on; what concerns one picture alone is a `failure`
 */
export async function* runExperiment(
  plan: ExperimentPlan,
  folder: RunFolder,
  { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<ExperimentEvent> {
  const left: PlannedPicture[] = [];
  for (const picture of plan.pictures.values()) if (!await folder.isFinished(picture.id)) left.push(picture);
  const total = plan.pictures.size;
  let done = total - left.length;
  let failures = 0;
  yield { type: "start", pictures: total, finished: done };
  try {
    let loaded: string | undefined;
    for (const [draw, pictures] of Map.groupBy(left, ({ draw }) => draw)) {
      signal.throwIfAborted();
      const key = plan.models.keyOf(pictures[0]!.settings);
      if (loaded !== undefined && loaded !== key) await release(plan, loaded);
      loaded = key;
      try {
        const seconds = yield* paint(pictures, plan, { folder, signal });
        for (const { id } of pictures) {
          yield { type: "picture", id, file: folder.results.pictures.get(id)!.file, done: ++done, total, seconds };
        }
      } catch (error) {
        if (!concernsOne(error)) throw error;
        for (const { id } of pictures) {
          await folder.add({ type: "failure", id, time: new Date().toISOString(), error: error.message });
        }
        failures += pictures.length;
        yield { type: "failure", id: draw, error };
      }
    }
    for await (const event of measureExperiment(plan, folder, { signal })) {
      if (event.type === "failure") failures++;
      yield event;
    }
  } catch (error) {
    // What stopped the run matters more than a report that cannot be written.
    await writeExperimentReport(folder.path).catch(() => {});
    throw error;
  }
  await writeExperimentReport(folder.path);
  yield { type: "end", report: `${folder.path}/report.html`, pictures: done, failures };
}

/** What is wrong with one picture's settings or weights does not keep the others from being painted. */
function concernsOne(error: unknown): error is Error {
  return [NumericError, PluginError, ConfigError, CheckpointError, ResourceError].some((kind) =>
    error instanceof kind
  ) &&
    !/disk is full|Cannot write/.test((error as Error).message);
}

/** Frees the networks of a model, which is not painted with again. */
async function release({ models, pictures }: ExperimentPlan, key: string): Promise<void> {
  const last = [...pictures.values()].find(({ settings }) => models.keyOf(settings) === key)!;
  await (await models.of(last.settings)).pipeline.release();
}

/** Paints a draw and writes those of its pictures that are not there; returns the seconds of one. */
async function* paint(
  pictures: readonly PlannedPicture[],
  { models }: ExperimentPlan,
  { folder, signal }: { folder: RunFolder; signal: AbortSignal },
): AsyncGenerator<ExperimentEvent, number> {
  const { draw, settings, request, plan: { options, costs } } = pictures[0]!;
  const { pipeline } = await models.of(settings);
  let memory = Deno.memoryUsage().rss;
  const run = pipeline.generate({ ...request, signal });
  for await (const event of run) {
    memory = Math.max(memory, Deno.memoryUsage().rss);
    yield { type: "inside", id: draw, event };
  }
  const result: GenerateResult = await run;
  // Each picture of a draw takes its share.
  const count = result.images.length;
  const stages = Object.entries(result.timings.stages).map(([stage, { load, run, steps, evaluations }]) => {
    const cost = costs[stage as StageName];
    const flops = cost ? operationsOf(cost, evaluations) : 0;
    const own = { load, run, evaluations, flops };
    return [stage, { ...Object.fromEntries(Object.entries(own).map(([key, all]) => [key, all / count])), steps }];
  });
  const seconds = result.timings.total / count;
  for (const { id, image, seed, repeat } of pictures) {
    await folder.addPicture(await result.images[image]!.png(), {
      id,
      time: new Date().toISOString(),
      version,
      settings: { ...settings },
      options: { ...options },
      model: { ...result.model },
      seed,
      repeat,
      seconds,
      stages: Object.fromEntries(stages),
      memory,
      warnings: [...result.warnings],
    });
  }
  return seconds;
}
