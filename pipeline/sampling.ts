/**
 * How a stage is sampled beyond steps and guidance: the same options for Stage C (`prior…`) and Stage B (`decoder…`).
 * @module
 */
import { z } from "zod";
import { explainIssue } from "../config/explain_issue.ts";
import { jsonSchemaOf } from "../config/json_schema.ts";
import { ConfigError, PluginError } from "../errors.ts";
import type { Scheduler, SchedulerContext } from "../plugins/contracts/scheduler.ts";
import type { PluginChoice, Registry } from "../plugins/registry.ts";
import { shiftTimes, spacedTimesteps, type SpacingName, spacingNames } from "../schedulers/spacings.ts";
import { uniformTimesteps } from "../schedulers/timesteps.ts";
import { guidanceScales, type GuidanceSchedule } from "./guidance.ts";

/** A stage that is sampled. */
export type SampledStage = "prior" | "decoder";

/** Options of a stage, under names such as `priorShift`. */
export interface SamplingOptions {
  /** How noise becomes data: a scheduler's name, or name and options. Default `"ddpm-wuerstchen"`. */
  scheduler?: string | PluginChoice | undefined;
  /** How the steps are spread: `"uniform"` in time, in `"log-snr"`, or as `"karras"`. The scheduler's own way where left out. */
  spacing?: SpacingName | undefined;
  /** Moves all times to a log-SNR that is lower by 2·ln(shift): above 1 more steps for noise. Default 1. */
  shift?: number | undefined;
  /** Where on the way guidance acts, and how much. Default `{ kind: "constant" }`. */
  guidanceSchedule?: GuidanceSchedule | undefined;
  /** Share in which guided predictions keep the deviation that they have without guidance, 0 … 1. Default 0. */
  guidanceRescale?: number | undefined;
  /** First step to be taken, from 0: what is handed in as initial noise stands there. Default 0. */
  startStep?: number | undefined;
  /** Step to end before; what comes out still holds noise. Default: all steps. */
  stopStep?: number | undefined;
  /** Seed of the noise that steps add, apart from the initial noise; the stage's generator goes on where left out. */
  noiseSeed?: number | undefined;
}

/** Options under the name of their stage. */
export type Staged<Stage extends SampledStage, Options> = {
  [Key in keyof Options as `${Stage}${Capitalize<Key & string>}`]: Options[Key];
};

/** Checked options; only those that were given. */
export interface ResolvedSampling extends Omit<Readonly<SamplingOptions>, "scheduler"> {
  /** The scheduler, with its options filled in. */
  readonly scheduler?: PluginChoice | undefined;
}

/** Name of the scheduler that is taken where none is named. */
export const usualScheduler = "ddpm-wuerstchen";

const share = z.number().min(0).max(1);

/** A guidance schedule as JSON. */
export const guidanceScheduleSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant") }),
  z.strictObject({ kind: z.literal("interval"), from: share, to: share }),
  z.strictObject({ kind: z.literal("ramp"), to: z.number().min(0).max(100) }),
]);

/** A plugin by name, with options. */
export const pluginChoiceSchema = z.strictObject({
  name: z.string().min(1).max(4096),
  options: z.record(z.string(), z.unknown()).optional(),
});

/** All options of a stage as JSON, without its name. */
export const samplingSchema = z.strictObject({
  scheduler: pluginChoiceSchema.optional(),
  spacing: z.enum(spacingNames as [SpacingName, ...SpacingName[]]).optional(),
  shift: z.number().positive().max(100).optional(),
  guidanceSchedule: guidanceScheduleSchema.optional(),
  guidanceRescale: share.optional(),
  startStep: z.int().min(0).optional(),
  stopStep: z.int().min(1).optional(),
  noiseSeed: z.int().min(0).optional(),
});

/** The names of all options of a stage. */
export const samplingKeys: readonly (keyof SamplingOptions)[] = Object.keys(
  samplingSchema.shape,
) as (keyof SamplingOptions)[];

/** `priorShift` of `shift`. */
export function stagedKey<Stage extends SampledStage, Key extends string>(
  stage: Stage,
  key: Key,
): `${Stage}${Capitalize<Key>}` {
  return `${stage}${key[0]!.toUpperCase()}${key.slice(1)}` as `${Stage}${Capitalize<Key>}`;
}

/** The options of a stage out of all options. */
export function samplingOf(options: object, stage: SampledStage): ResolvedSampling {
  const own = samplingKeys.map((key) => [key, (options as Record<string, unknown>)[stagedKey(stage, key)]] as const);
  return Object.fromEntries(own.filter(([, value]) => value !== undefined && value !== null));
}

/**
 * Checks the options of a stage.
 *
 * @param given as the caller says them, defaults of what is repeated included
 * @param options.hasTimes the times are listed one by one
 * @returns the same under the stage's names, the scheduler's options filled in
 * @throws {ConfigError} naming the option, what was expected and what was found
 */
export function resolveSampling<Stage extends SampledStage>(
  stage: Stage,
  given: SamplingOptions,
  { steps, hasTimes, registry }: { steps: number; hasTimes: boolean; registry: Registry },
): Partial<Staged<Stage, ResolvedSampling>> {
  const { scheduler, ...rest } = given;
  const named = typeof scheduler === "string" ? { name: scheduler } : scheduler;
  const json = { ...rest, ...(named === undefined ? {} : { scheduler: named }) };
  const result = samplingSchema.safeParse(json);
  if (!result.success) {
    const text = explainIssue(result.error.issues[0]!, json, { schema: jsonSchemaOf(samplingSchema) });
    throw new ConfigError(text.replace(/^"([a-zA-Z]+)/, (_, key) => `"${stagedKey(stage, key)}`));
  }
  const { startStep = 0, stopStep = steps } = rest;
  if (startStep >= steps) {
    throw new ConfigError(`Expected ${stage}StartStep to be below the ${steps} steps but found ${startStep}`);
  }
  if (stopStep > steps || stopStep <= startStep) {
    throw new ConfigError(
      `Expected ${stage}StopStep to be an integer from ${startStep + 1} to ${steps} but found ${stopStep}`,
    );
  }
  if (hasTimes && rest.spacing !== undefined) {
    throw new ConfigError(`Expected ${stage}Spacing or ${stage}Timesteps but found both`);
  }
  const { name, options } = named === undefined
    ? { name: undefined, options: undefined }
    : registry.choose("scheduler", named);
  const chosen = name === undefined ? {} : { scheduler: { name, ...(options === undefined ? {} : { options }) } };
  const all = Object.entries({ ...rest, ...chosen }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(all.map(([key, value]) => [stagedKey(stage, key), value])) as Partial<
    Staged<Stage, ResolvedSampling>
  >;
}

/** The scales of the steps that a stage takes; the others are left out. */
export function takenScales(
  scale: number,
  { steps, guidanceSchedule: schedule, startStep = 0, stopStep = steps }: ResolvedSampling & { steps: number },
): number[] {
  return guidanceScales(scale, { steps, schedule }).slice(startStep, stopStep);
}

/**
 * The times of a stage from 1 towards 0, one more than steps.
 *
 * @param options.times a list that was given one by one
 * @throws {PluginError} where a scheduler's own times are no falling numbers from 1 to 0
 */
export function planTimes(
  scheduler: Pick<Scheduler, "timesteps"> & { readonly name: string },
  { steps, times, spacing, shift = 1, schedule }: ResolvedSampling & Pick<SchedulerContext, "schedule"> & {
    steps: number;
    times: ArrayLike<number> | undefined;
  },
): ArrayLike<number> {
  const own = () => scheduler.timesteps ? checkTimes(scheduler.timesteps(steps), { steps, ...scheduler }) : undefined;
  const even = times ?? (spacing === undefined ? own() : spacedTimesteps(steps, { spacing, schedule })) ??
    uniformTimesteps(steps);
  return shift === 1 ? even : shiftTimes(even, { shift, schedule });
}

function checkTimes(
  times: ArrayLike<number>,
  { steps, name }: { steps: number; name: string },
): ArrayLike<number> {
  const list = typeof times === "object" && times !== null ? Array.from(times) : [];
  const isFalling = list.every((t, i) => t >= 0 && t <= 1 && (i === 0 || t <= list[i - 1]!));
  if (list.length === steps + 1 && isFalling) return list;
  throw new PluginError(
    `scheduler ${name}: Expected timesteps(${steps}) to return ${steps + 1} falling numbers from 1 to 0 but found ` +
      `[${list.slice(0, 6).join(", ")}${list.length > 6 ? ", …" : ""}] of ${list.length}`,
  );
}
