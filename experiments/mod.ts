/**
 * Experiments as a library: read one, plan it, run it in a folder, compare two runs; `wuerstchen run` and `wuerstchen compare` do the same.
 *
 * @example Two pictures of one prompt
 * ```ts
 * import { planExperiment, readExperiment, readRun, RunFolder, runExperiment, toStored } from "wuerstchen/experiments";
 * import { builtinRegistry } from "wuerstchen/plugins";
 *
 * const path = await Deno.makeTempDir();
 * const experiment = await readExperiment(undefined, {
 *   set: ["prompt=a red apple", "priorSteps=2", "decoderSteps=1", "sweep.grid.priorScheduler=[\"ddim\",\"euler\"]"],
 * });
 * const plan = await planExperiment(experiment, { registry: builtinRegistry() });
 * {
 *   await using _models = plan.models;
 *   using folder = await RunFolder.open(path, { config: experiment.config, plan: toStored(plan) });
 *   for await (const event of runExperiment(plan, folder)) {
 *     if (event.type === "picture") console.log(event.file, event.done, event.total);
 *   }
 * }
 * const { results } = await readRun(path);
 * if (results.pictures.size !== 2) throw new Error("two pictures");
 * await Deno.remove(path, { recursive: true });
 * ```
 * @module
 */
export { type Experiment, readExperiment } from "./experiment.ts";
export { type ExperimentConfig, type Range, type Sweep, type SweptValues, type TrueData } from "./config_schema.ts";
export type { CellSettings } from "./cell_schema.ts";
export type { Cell } from "./cells.ts";
export type { Assignment } from "./sweep.ts";
export {
  type ExperimentPlan,
  planExperiment,
  type PlannedCell,
  type PlannedMetric,
  type PlannedPicture,
  toStored,
} from "./plan_experiment.ts";
export type { Models, OpenModel, OpenOptions } from "./models.ts";
export { type ExperimentEvent, runExperiment } from "./run_experiment.ts";
export type { FailureEvent, MeasureEvent } from "./measure.ts";
export { readRun, type RunEnvironment, RunFolder, type StoredRun } from "./run_folder.ts";
export type { Comparison, PictureResult, Results, StageResult } from "./results.ts";
export type { StoredCell, StoredMetric, StoredPlan } from "./stored_plan.ts";
export { type ColumnComparison, compareRuns, type RunComparison, type RunDifference } from "./compare_runs.ts";
export type { Column } from "./summary.ts";
export type { Point, Swept } from "./points.ts";
export type { Estimate } from "./statistics.ts";
export { writeExperimentReport } from "./report/write_report.ts";
