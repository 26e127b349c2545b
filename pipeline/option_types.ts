/**
 * Checks that options are of the kinds that their types say: JavaScript and JSON bring anything.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { quote } from "../weights/quote.ts";
import { presetNames } from "./presets.ts";
import { type SampledStage, type SamplingOptions, type Staged, stagedKey } from "./sampling.ts";
import type { GenerateOptions } from "./types.ts";

/** A value in a few words, however large it is. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (value === undefined) return "nothing";
  if (value === null || typeof value === "boolean" || typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  return typeof value === "object" ? `an object (${value.constructor?.name ?? "Object"})` : `a ${typeof value}`;
}

type Check = readonly [wanted: string, test: (value: unknown) => boolean];

const isText = (value: unknown) => typeof value === "string";
const isNumber = (value: unknown) => typeof value === "number";
const isList = (test: (value: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(test);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** A tensor of the library whose parts agree. */
function isTensor(value: unknown): boolean {
  if (!isObject(value) || !isList(Number.isInteger)(value.shape) || value.dtype !== "float32") return false;
  const size = (value.shape as number[]).reduce((product, dim) => product * dim, 1);
  return value.data instanceof Float32Array && value.data.length === size;
}

function isHandOver(value: unknown): boolean {
  return isObject(value) && (value.kind === "image_embeddings" || value.kind === "latents") && isTensor(value.tensor) &&
    isObject(value.options) && isList(isText)(value.generators) && isObject(value.model);
}

function isPictureMetadata(value: unknown): boolean {
  return isObject(value) && isObject(value.options) && isObject(value.model) && isObject(value.model.weights) &&
    isNumber(value.threads) && isText(value.version);
}

const text: Check = ["a text or a list of texts", (value) => isText(value) || isList(isText)(value)];
const number: Check = ["a number", isNumber];
const seeds: Check = ["a number or a list of numbers", (value) => isNumber(value) || isList(isNumber)(value)];
const times: Check = ["a list of numbers", isList(isNumber)];
const noise: Check = ["a float32 tensor, such as tensor() makes", isTensor];

const word: Check = ["a text", isText];
const plugin: Check = [
  "the name of a plugin, or an object { name, options }",
  (value) => isText(value) || isObject(value) && isText(value.name) && isObject(value.options ?? {}),
];
const guidance: Check = ['an object such as { kind: "interval", from: 0.8, to: 0.2 }', isObject];

const sampling = {
  scheduler: plugin,
  spacing: word,
  shift: number,
  guidanceSchedule: guidance,
  guidanceRescale: number,
  startStep: number,
  stopStep: number,
  noiseSeed: number,
} as const satisfies { readonly [Key in keyof SamplingOptions]-?: Check };

/** The checks of a stage's sampling under their names there. */
function staged<Stage extends SampledStage>(stage: Stage) {
  const all = Object.entries(sampling).map(([key, check]) => [stagedKey(stage, key), check]);
  return Object.fromEntries(all) as { readonly [Key in keyof Staged<Stage, SamplingOptions>]-?: Check };
}

const checks: { readonly [Key in keyof GenerateOptions]-?: Check } = {
  prompt: text,
  priorPrompt: text,
  decoderPrompt: text,
  negativePrompt: text,
  priorNegativePrompt: text,
  decoderNegativePrompt: text,
  longPrompt: ['"truncate" or "chunk"', (value) => value === "truncate" || value === "chunk"],
  plainPrompt: ["true or false", (value) => typeof value === "boolean"],
  width: number,
  height: number,
  seed: seeds,
  decoderSeed: seeds,
  imagesPerPrompt: number,
  imageIndex: number,
  priorPlugin: plugin,
  ...staged("prior"),
  ...staged("decoder"),
  priorSteps: number,
  priorGuidance: number,
  priorTimesteps: times,
  decoderSteps: number,
  decoderGuidance: number,
  decoderTimesteps: times,
  post: ["a list of plugins, each a name or an object { name, options }", isList(plugin[1])],
  rng: ["a text", isText],
  preset: [presetNames.join(" or "), (value) => (presetNames as readonly unknown[]).includes(value)],
  tile: number,
  batchSize: number,
  stopAfter: ['"prior" or "decoder"', (value) => value === "prior" || value === "decoder"],
  from: ["what readHandOver() gives", isHandOver],
  repeats: ["what readPictureMetadata() gives", isPictureMetadata],
  priorLatents: noise,
  decoderLatents: noise,
  signal: ["an AbortSignal", (value) => value instanceof AbortSignal],
  onTensor: ["a function", (value) => typeof value === "function"],
};

/** The names of all options of a generation. */
export const optionNames = Object.keys(checks) as readonly (keyof GenerateOptions)[];

/** What is wrong with a tensor, where it is one. */
function describeNoise(value: unknown): string {
  if (!isObject(value) || typeof value.dtype !== "string") return describeValue(value);
  if (value.dtype !== "float32") return `${value.dtype}: convert its data with new Float32Array(…)`;
  return `${describeValue(value.data)} for shape ${JSON.stringify(value.shape)}`;
}

/**
 * Checks the kinds of all options; values are checked by {@linkcode resolveOptions}.
 *
 * @throws {ConfigError} naming the first option that is something else, what it should be and what was found
 */
export function checkOptionTypes(options: unknown): asserts options is GenerateOptions {
  if (!isObject(options)) {
    throw new ConfigError(
      `Expected options such as { prompt: "a red apple" } but found ${describeValue(options)}`,
    );
  }
  for (const [key, [wanted, test]] of Object.entries(checks)) {
    const value = options[key];
    if (key !== "prompt" && (value === undefined || value === null)) continue;
    if (test(value)) continue;
    const wrong = Array.isArray(value) && wanted.includes("list") ? value.find((item) => !test([item])) : undefined;
    const found = /Latents$/.test(key)
      ? describeNoise(value)
      : `${describeValue(value)}${wrong === undefined ? "" : ` with ${describeValue(wrong)} in it`}`;
    throw new ConfigError(`Expected ${key} to be ${wanted} but found ${found}`);
  }
}
