/**
 * What authors of plugins need: a plugin is one file whose default export is made by `defineScheduler()` or one of its kin.
 *
 * @example A scheduler
 * ```ts
 * import { defineScheduler, noiseLevel, weightedSum } from "wuerstchen/plugins";
 * const plugin = defineScheduler({
 *   name: "my-euler",
 *   summary: "Euler's method",
 *   create: (_options, { schedule, prediction }) => ({
 *     step({ modelOutput, sample, t, tPrev }) {
 *       const [now, next] = [noiseLevel(schedule, t), noiseLevel(schedule, tPrev)];
 *       const slope = prediction.noise({ modelOutput, sample }, now.alphaCumprod);
 *       return weightedSum([next.a / now.a, sample], [next.a * (next.sigma - now.sigma), slope]);
 *     },
 *   }),
 * });
 * if (plugin.kind !== "scheduler") throw new Error("a scheduler");
 * ```
 * @module
 */
export * from "./define.ts";
export * from "./contracts/parts.ts";
export * from "./contracts/postprocessor.ts";
export * from "./contracts/scheduler.ts";
export { builtinPlugins, builtinRegistry } from "./builtin.ts";
export { allowedBySettings, canonicalSpecifier, loadPlugin, type LoadPluginOptions } from "./load.ts";
export { type OpenMetric, openMetric } from "./open_metric.ts";
export { type OpenRuntime, openRuntime } from "./open_runtime.ts";
export { type ChosenPlugin, type PluginChoice, Registry, type Source } from "./registry.ts";
export { cosineSchedule, type CosineScheduleOptions } from "../schedulers/cosine_schedule.ts";
export { type NoiseLevel, noiseLevel } from "../schedulers/noise_level.ts";
export { predictionOf } from "../schedulers/prediction.ts";
export { weightedSum } from "../schedulers/weighted_sum.ts";
export { slerp } from "./builtin/slerp.ts";
export { PluginError } from "../errors.ts";
export { type Tensor, tensor } from "../tensor/tensor.ts";
export type { Pixels } from "../images/pixels.ts";
export type { ImageFormat } from "../images/format.ts";
export type { PromptParts, PromptSegment } from "../text/prompt_syntax.ts";
