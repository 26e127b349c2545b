/**
 * Fills in and checks the options of a generation.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { checkTimesteps } from "../schedulers/timesteps.ts";
import { checkPrompt } from "../text/prompt.ts";
import type { ModelDefaultsFile } from "./model.ts";
import { checkOptionTypes, describeValue } from "./option_types.ts";
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

/** Most steps of one stage; a typing error should not run for a week. */
export const maxSteps = 1000;
/** Largest guidance scale. */
export const maxGuidance = 100;
/** Largest strength of a LoRA, either way. */
export const maxLoraScale = 100;

/** Most threads of the runtime. */
export const maxThreads = 256;

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

/** A random seed in 0 … 2³² − 1. */
function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

/** Times given by the call, else by the hand-over or the model, unless the call asks for a number of even steps. */
function chooseTimes(
  { steps, times, base, model }: {
    steps: number | undefined;
    times: readonly number[] | undefined;
    base: readonly number[] | undefined;
    model: readonly number[] | undefined;
  },
): readonly number[] | undefined {
  if (times) return checkTimesteps(times);
  return steps === undefined ? base ?? model : undefined;
}

/**
 * Resolves options: the call's own, then those of the hand-over that it continues or the picture that it repeats, then the model's defaults.
 *
 * @throws {ConfigError} where a value is of another kind or out of its range, naming value and range
 */
export function resolveOptions(options: GenerateOptions, defaults: ModelDefaults): ResolvedOptions {
  checkOptionTypes(options);
  const base = options.from?.options ?? options.repeats?.options;
  const prompt = options.prompt;
  const prompts = typeof prompt === "string" ? [prompt] : prompt;
  if (prompts.length === 0) throw new ConfigError("Expected at least one prompt but found none");
  prompts.forEach((text) => checkPrompt(text));
  const negativePrompt = options.negativePrompt ?? base?.negativePrompt ?? defaults.negativePrompt;
  if (typeof negativePrompt === "string") checkPrompt(negativePrompt);
  else {
    negativePrompt.forEach((text) => checkPrompt(text));
    if (negativePrompt.length !== prompts.length) {
      throw new ConfigError(
        `Expected a negative prompt for each of the ${prompts.length} prompts but found ${negativePrompt.length}`,
      );
    }
  }
  const seed = options.seed ?? base?.seed ?? randomSeed();
  const perPrompt = options.imagesPerPrompt ?? base?.imagesPerPrompt ??
    (typeof seed === "number" ? 1 : seed.length / prompts.length);
  const imagesPerPrompt = checkInteger("imagesPerPrompt", perPrompt, { min: 1, max: 256 });
  const count = prompts.length * imagesPerPrompt;
  const decoderSeed = options.decoderSeed ?? base?.decoderSeed;
  const priorTimesteps = chooseTimes({
    steps: options.priorSteps,
    times: options.priorTimesteps,
    base: base?.priorTimesteps,
    model: defaults.priorTimesteps,
  });
  const decoderTimesteps = chooseTimes({
    steps: options.decoderSteps,
    times: options.decoderTimesteps,
    base: base?.decoderTimesteps,
    model: defaults.decoderTimesteps,
  });
  const steps = { min: 1, max: maxSteps };
  const priorSteps = options.priorSteps ?? base?.priorSteps ?? defaults.priorSteps;
  const decoderSteps = options.decoderSteps ?? base?.decoderSteps ?? defaults.decoderSteps;
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
  return {
    prompt,
    negativePrompt,
    width: options.width ?? base?.width ?? defaults.width,
    height: options.height ?? base?.height ?? defaults.height,
    seed: checkSeeds("seed", seed, count),
    ...(decoderSeed === undefined ? {} : { decoderSeed: checkSeeds("decoderSeed", decoderSeed, count) }),
    imagesPerPrompt,
    ...(imageIndex === 0 ? {} : { imageIndex }),
    priorSteps: priorTimesteps ? priorTimesteps.length - 1 : checkInteger("priorSteps", priorSteps, steps),
    priorGuidance: checkScale("priorGuidance", options.priorGuidance ?? base?.priorGuidance ?? defaults.priorGuidance),
    ...(priorTimesteps ? { priorTimesteps } : {}),
    decoderSteps: decoderTimesteps ? decoderTimesteps.length - 1 : checkInteger("decoderSteps", decoderSteps, steps),
    decoderGuidance: checkScale(
      "decoderGuidance",
      options.decoderGuidance ?? base?.decoderGuidance ?? defaults.decoderGuidance,
    ),
    ...(decoderTimesteps ? { decoderTimesteps } : {}),
    rng,
  };
}
