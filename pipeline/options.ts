/**
 * Fills in and checks the options of a generation.
 * @module
 */
import { ConfigError } from "../errors.ts";
import type { Kind } from "../plugins/define.ts";
import { portableRegistry } from "../plugins/portable.ts";
import type { PluginChoice, Registry } from "../plugins/registry.ts";
import { checkTimesteps } from "../schedulers/timesteps.ts";
import { checkPrompt } from "../text/prompt.ts";
import { maxBatch, maxGuidance, maxSteps, maxTile } from "./limits.ts";
import type { ModelDefaultsFile } from "./model_folders.ts";
import { checkOptionTypes, describeValue } from "./option_types.ts";
import { withoutGoverned, withPreset } from "./presets.ts";
import { resolveSampling, type SampledStage, samplingOf } from "./sampling.ts";
import type { GenerateOptions, ResolvedOptions } from "./types.ts";

/** What a model paints with where nothing else is said: its `wuerstchen.json` over diffusers' combined pipeline. */
export interface ModelDefaults {
  /** Width of a picture in pixels. */
  readonly width: number;
  /** Height of a picture in pixels. */
  readonly height: number;
  /** What is not painted; `""` is nothing. */
  readonly negativePrompt: string;
  /** Steps of Stage C. */
  readonly priorSteps: number;
  /** Times of Stage C from 1 towards 0, in place of even steps. */
  readonly priorTimesteps?: readonly number[];
  /** Guidance scale of Stage C; up to 1 there is no guidance. */
  readonly priorGuidance: number;
  /** Steps of Stage B. */
  readonly decoderSteps: number;
  /** Times of Stage B from 1 towards 0, in place of even steps. */
  readonly decoderTimesteps?: readonly number[];
  /** Guidance scale of Stage B; up to 1 there is no guidance. */
  readonly decoderGuidance: number;
}

/** The options that tell one stage alone what to paint, or what not to. */
const stageTextKeys = ["priorPrompt", "decoderPrompt", "priorNegativePrompt", "decoderNegativePrompt"] as const;
type StageText = typeof stageTextKeys[number];

/** Merges a model's own settings over diffusers' defaults: 1024 × 1024, 60 and 12 steps, guidance 4 and 0. */
export function modelDefaults(file: ModelDefaultsFile): ModelDefaults {
  return {
    width: file.width ?? 1024,
    height: file.height ?? 1024,
    negativePrompt: file.negative_prompt ?? "",
    priorSteps: file.prior_steps ?? 60,
    priorGuidance: file.prior_guidance ?? 4,
    decoderSteps: file.decoder_steps ?? 12,
    decoderGuidance: file.decoder_guidance ?? 0,
    ...(file.prior_timesteps ? { priorTimesteps: file.prior_timesteps } : {}),
    ...(file.decoder_timesteps ? { decoderTimesteps: file.decoder_timesteps } : {}),
  };
}

/**
 * Checks a whole number.
 *
 * @throws {ConfigError} naming the range
 */
export function checkInteger(name: string, value: number, { min, max }: { min: number; max: number }): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new ConfigError(`Expected ${name} to be an integer from ${min} to ${max} but found ${describeValue(value)}`);
}

function checkScale(name: string, value: number): number {
  if (value >= 0 && value <= maxGuidance) return value;
  throw new ConfigError(`Expected ${name} to be a number from 0 to ${maxGuidance} but found ${value}`);
}

function checkSeeds(name: string, seed: number | readonly number[], count: number): number | readonly number[] {
  const seeds = typeof seed === "number" ? [seed] : seed;
  for (const value of seeds) checkInteger(name, value, { min: 0, max: Number.MAX_SAFE_INTEGER });
  if (typeof seed !== "number" && seeds.length !== count) {
    throw new ConfigError(
      `Expected ${name} to have an entry for each of the ${count} pictures but found ${seeds.length}`,
    );
  }
  return seed;
}

/** Checks texts that go with prompts: one for all of them, or one a prompt. */
function checkTexts(texts: string | readonly string[], { what, count }: { what: string; count: number }): void {
  const list = typeof texts === "string" ? [texts] : texts;
  list.forEach((text) => checkPrompt(text));
  if (typeof texts === "string" || list.length === count) return;
  throw new ConfigError(`Expected ${what} for each of the ${count} prompts but found ${list.length}`);
}

/** The texts that a stage alone is given, under their names; only those that were given. */
function stageTexts(
  options: GenerateOptions,
  base: ResolvedOptions | undefined,
  { count }: { count: number },
): Partial<Pick<ResolvedOptions, StageText>> {
  // What a stage was told in place of another prompt says nothing about this one, unless the stage is done.
  const isOther = base !== undefined && JSON.stringify(base.prompt) !== JSON.stringify(options.prompt);
  const texts = stageTextKeys.flatMap((key) => {
    const isGone = isOther && !/Negative/.test(key) && !(options.from && key.startsWith("prior"));
    const own = options[key] ?? (isGone ? undefined : base?.[key]);
    if (own === undefined || own === null) return [];
    checkTexts(own, { what: /Negative/.test(key) ? "a negative prompt" : `an entry of ${key}`, count });
    return [[key, own] as const];
  });
  return Object.fromEntries(texts);
}

/** A random seed in 0 … 2³² − 1. */
function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

/** Times given by the call, else by the hand-over or the model, unless the call asks for a number of steps or a way to spread them. */
function chooseTimes(
  { steps, spacing, times, base, model }: {
    steps: number | undefined;
    spacing: unknown;
    times: readonly number[] | undefined;
    base: readonly number[] | undefined;
    model: readonly number[] | undefined;
  },
): readonly number[] | undefined {
  if (times) return checkTimesteps(times);
  return steps === undefined && spacing === undefined ? base ?? model : undefined;
}

/** A plugin by name, its options checked. */
function choose(kind: Kind, choice: string | PluginChoice, { registry }: { registry: Registry }): PluginChoice {
  const { name, options } = registry.choose(kind, choice);
  return { name, ...(options === undefined ? {} : { options }) };
}

/**
 * Resolves options: the call's own, then those of its preset, then those of the hand-over that it continues or the picture that it
 * repeats, then the model's defaults.
 *
 * @throws {ConfigError} where a value is of another kind or out of its range, naming value and range
 */
export function resolveOptions(
  given: GenerateOptions,
  defaults: ModelDefaults,
  { registry = portableRegistry() }: { registry?: Registry } = {},
): ResolvedOptions {
  checkOptionTypes(given);
  const options = withPreset(given);
  const earlier = given.from?.options ?? given.repeats?.options;
  const base = earlier && given.preset !== undefined ? withoutGoverned(earlier, given) : earlier;
  const prompt = options.prompt;
  const prompts = typeof prompt === "string" ? [prompt] : prompt;
  if (prompts.length === 0) throw new ConfigError("Expected at least one prompt but found none");
  prompts.forEach((text) => checkPrompt(text));
  const negativePrompt = options.negativePrompt ?? base?.negativePrompt ?? defaults.negativePrompt;
  checkTexts(negativePrompt, { what: "a negative prompt", count: prompts.length });
  const longPrompt = options.longPrompt ?? base?.longPrompt;
  const plainPrompt = options.plainPrompt ?? base?.plainPrompt;
  const seed = options.seed ?? base?.seed ?? randomSeed();
  const perPrompt = options.imagesPerPrompt ?? base?.imagesPerPrompt ??
    (typeof seed === "number" ? 1 : seed.length / prompts.length);
  const imagesPerPrompt = checkInteger("imagesPerPrompt", perPrompt, { min: 1, max: maxBatch });
  const count = prompts.length * imagesPerPrompt;
  const decoderSeed = options.decoderSeed ?? base?.decoderSeed;
  const priorTimesteps = chooseTimes({
    steps: options.priorSteps,
    spacing: options.priorSpacing,
    times: options.priorTimesteps,
    base: base?.priorTimesteps,
    model: base ? undefined : defaults.priorTimesteps,
  });
  const decoderTimesteps = chooseTimes({
    steps: options.decoderSteps,
    spacing: options.decoderSpacing,
    times: options.decoderTimesteps,
    base: base?.decoderTimesteps,
    model: base ? undefined : defaults.decoderTimesteps,
  });
  const stepsOf = (stage: SampledStage, times: readonly number[] | undefined) => {
    const steps = options[`${stage}Steps`] ?? base?.[`${stage}Steps`] ?? defaults[`${stage}Steps`];
    return times ? times.length - 1 : checkInteger(`${stage}Steps`, steps, { min: 1, max: maxSteps });
  };
  const priorSteps = stepsOf("prior", priorTimesteps);
  const decoderSteps = stepsOf("decoder", decoderTimesteps);
  const sampling = <Stage extends SampledStage>(stage: Stage, steps: number) => {
    const given = { ...(base ? samplingOf(base, stage) : {}), ...samplingOf(options, stage) };
    // A list of the call's own is not spread once more.
    if (options[`${stage}Timesteps`] && options[`${stage}Spacing`] === undefined) delete given.spacing;
    const hasTimes = (stage === "prior" ? priorTimesteps : decoderTimesteps) !== undefined;
    return resolveSampling(stage, given, { steps, hasTimes, registry });
  };
  const priorPlugin = options.priorPlugin ?? base?.priorPlugin;
  const post = options.post ?? base?.post ?? [];
  const rng = options.rng ?? base?.rng ?? "torch";
  if (rng !== "torch" && rng !== "stream") {
    throw new ConfigError(`Expected rng to be "torch" or "stream" but found "${rng}"`);
  }
  const imageIndex = checkInteger("imageIndex", options.imageIndex ?? base?.imageIndex ?? 0, {
    min: 0,
    max: 2 ** 32 - count,
  });
  if (imageIndex > 0 && rng !== "stream") {
    throw new ConfigError(
      `Expected rng to be "stream" with imageIndex ${imageIndex} but found "${rng}": torch's generator draws a batch as a whole`,
    );
  }
  const tile = options.tile ?? base?.tile;
  const batchSize = options.batchSize ?? base?.batchSize;
  return {
    prompt,
    negativePrompt,
    ...stageTexts(options, base, { count: prompts.length }),
    ...(longPrompt === "chunk" ? { longPrompt } : {}),
    ...(plainPrompt === true ? { plainPrompt } : {}),
    width: options.width ?? base?.width ?? defaults.width,
    height: options.height ?? base?.height ?? defaults.height,
    seed: checkSeeds("seed", seed, count),
    ...(decoderSeed === undefined ? {} : { decoderSeed: checkSeeds("decoderSeed", decoderSeed, count) }),
    imagesPerPrompt,
    ...(imageIndex === 0 ? {} : { imageIndex }),
    ...(priorPlugin === undefined ? {} : { priorPlugin: choose("prior", priorPlugin, { registry }) }),
    priorSteps,
    priorGuidance: checkScale("priorGuidance", options.priorGuidance ?? base?.priorGuidance ?? defaults.priorGuidance),
    ...(priorTimesteps ? { priorTimesteps } : {}),
    ...sampling("prior", priorSteps),
    decoderSteps,
    decoderGuidance: checkScale(
      "decoderGuidance",
      options.decoderGuidance ?? base?.decoderGuidance ?? defaults.decoderGuidance,
    ),
    ...(decoderTimesteps ? { decoderTimesteps } : {}),
    ...sampling("decoder", decoderSteps),
    ...(post.length === 0 ? {} : { post: post.map((choice) => choose("postprocessor", choice, { registry })) }),
    rng,
    ...(tile === undefined ? {} : { tile: checkInteger("tile", tile, { min: 1, max: maxTile }) }),
    ...(batchSize === undefined ? {} : { batchSize: checkInteger("batchSize", batchSize, { min: 1, max: maxBatch }) }),
  };
}
