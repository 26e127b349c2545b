/**
 * What a picture of an experiment is painted with, as a zod schema: every option of loading and painting, under the library's names.
 * @module
 */
import { z } from "zod";
import { maxGuidance, maxLoraScale, maxSteps, maxThreads } from "../pipeline/limits.ts";
import type { LoadOptions } from "../pipeline/load_options.ts";
import { networkNames } from "../pipeline/precisions.ts";
import { presetNames } from "../pipeline/presets.ts";
import { pluginChoiceSchema, type SampledStage, samplingSchema, type Staged, stagedKey } from "../pipeline/sampling.ts";
import type { GenerateOptions } from "../pipeline/types.ts";
import { precisions } from "../weights/precision.ts";

/** Start of a generator. */
export const seedSchema = z.int().min(0);

/** A plugin by its name, or by name and options. */
export const pluginSchema = z.union([z.string().min(1).max(4096), pluginChoiceSchema]);

/** Options of painting that are no settings of a picture here, and what is said in their place. */
export const otherGenerateOptions = {
  seed: "seed or seeds of the experiment",
  stopAfter: "an experiment ends with pictures",
  repeats: "settings are written down, or extended",
  signal: "a run is stopped as a whole",
  onTensor: "pictures and numbers are kept",
} as const satisfies Partial<Record<keyof GenerateOptions, string>>;

/** Options of loading that are no settings of a picture here, likewise: none of them changes what is painted. */
export const otherLoadOptions = {
  keepLoaded: "chosen by the size of the weights",
  ignoreMemory: "--ignore-memory",
  prepack: "changes time and memory alone",
  hashWeights: "pictures are named by the weights' hashes",
  cacheFolder: "the user's own",
  modelsFolder: "the program's own",
  hub: "flags and environment variables of the hub",
  upcoming: "the planned pictures",
  registry: "plugins of the experiment",
} as const satisfies Partial<Record<keyof LoadOptions, string>>;

const guidance = z.number().min(0).max(maxGuidance);
const times = z.array(z.number().min(0).max(1)).min(2).max(maxSteps + 1);
const steps = z.int().min(1).max(maxSteps);

/** How a stage is sampled, under the names of its options. */
function staged<Stage extends SampledStage>(stage: Stage) {
  const name = stage === "prior" ? "Stage C" : "Stage B";
  const { scheduler: _, ...sampling } = samplingSchema.shape;
  const words: Readonly<Record<keyof typeof sampling, string>> = {
    spacing: `How the steps of ${name} are spread.`,
    shift: `Moves the times of ${name} towards noise by a log-SNR of 2·ln(shift).`,
    guidanceSchedule: `Where on the way of ${name} guidance acts, and how much.`,
    guidanceRescale: "How far guided predictions keep their deviation, 0 to 1.",
    startStep: `First step of ${name} to take, from 0.`,
    stopStep: `Step of ${name} to end before.`,
    noiseSeed: `Seed of the noise that steps of ${name} add.`,
  };
  const all = Object.entries(sampling).map(([key, schema]) => [
    stagedKey(stage, key),
    schema.describe(words[key as keyof typeof words]),
  ]);
  return {
    [`${stage}Steps`]: steps.optional().describe(`Steps of ${name}; the model's own where left out.`),
    [`${stage}Guidance`]: guidance.optional().describe(`Guidance scale of ${name}; above 1 it doubles the work.`),
    [`${stage}Timesteps`]: times.optional().describe(`Times of ${name} from 1 down to 0, in place of steps.`),
    [`${stage}Scheduler`]: pluginSchema.optional().describe(
      `How noise becomes data in ${name}: a scheduler's name, or name and options.`,
    ),
    ...Object.fromEntries(all),
  } as Staged<Stage, Record<keyof typeof samplingSchema.shape | "steps" | "guidance" | "timesteps", z.ZodType>>;
}

const file = z.string().min(1).max(4096);
const oneOrMany = z.union([z.string(), z.array(z.string()).min(1).max(256)]);

/** Decides both how a model is loaded and how it paints. */
const preset = z.enum(presetNames).optional();

/** What a model is loaded with. */
const loadShape = {
  model: file.default("emoji").describe(
    "A bundled name, a folder, or a repository on the hub; a folder that begins with ./ or ../ lies beside this file.",
  ),
  prior: file.optional().describe("Another prior: a folder, or a file of its weights."),
  decoder: file.optional().describe("Another decoder: a folder, or a file of its weights."),
  variant: z.string().min(1).max(64).optional().describe("Variant of the weights, such as fp16."),
  loras: z.array(z.strictObject({
    file,
    scale: z.number().min(-maxLoraScale).max(maxLoraScale).default(1),
  })).optional().describe("LoRAs that are added to the weights, in this order."),
  precision: z.union([z.enum(["auto", ...precisions]), z.partialRecord(z.enum(networkNames), z.enum(precisions))])
    .optional().describe("In how many bits weights are kept, for all networks or by their names."),
  device: z.union([z.string().min(1).max(64), z.record(z.string(), z.string())]).optional().describe(
    "What networks run on, all of them or by their names; cpu where left out.",
  ),
  compute: z.enum(["fp32", "fp16"]).optional().describe(
    "In what networks compute; fp16 has islands of 32 bits, and is taken where left out on a graphics card with precision fp16.",
  ),
  runtime: pluginSchema.optional().describe("What runs the networks; onnxruntime where left out."),
  preset: preset.describe("How long a picture may take: sampler, steps, where guidance acts, and precision."),
  maxMemory: z.union([z.number().positive(), z.string().min(1).max(64)]).optional().describe(
    "Most memory that generations may take, in bytes or as 2GiB; tiles, batches and precision are made to fit.",
  ),
  threads: z.int().min(1).max(maxThreads).optional().describe("Threads of the runtime; one a core where left out."),
} satisfies Record<"model" | Exclude<keyof LoadOptions, keyof typeof otherLoadOptions>, z.ZodType>;

/** What a picture is painted with, its seed apart. */
const generateShape = {
  prompt: oneOrMany.describe("What to paint; a list is one draw of several pictures, a prompt each."),
  priorPrompt: oneOrMany.optional().describe("What Stage C alone is told to paint."),
  decoderPrompt: oneOrMany.optional().describe("What Stage B alone is told to paint."),
  negativePrompt: oneOrMany.optional().describe("What not to paint; has an effect only with guidance above 1."),
  priorNegativePrompt: oneOrMany.optional().describe("What Stage C alone is told not to paint."),
  decoderNegativePrompt: oneOrMany.optional().describe("What Stage B alone is told not to paint."),
  longPrompt: z.enum(["truncate", "chunk"]).optional().describe(
    "What becomes of a prompt longer than the text encoder: cut, as in the reference, or taken in chunks.",
  ),
  plainPrompt: z.boolean().optional().describe("Takes (words:1.3) and BREAK in prompts as they are written."),
  width: z.int().min(1).optional().describe("Pixels; the model's own where left out."),
  height: z.int().min(1).optional().describe("Pixels; the model's own where left out."),
  imagesPerPrompt: z.int().min(1).max(256).optional().describe("Pictures of each prompt out of one draw."),
  imageIndex: z.int().min(0).max(2 ** 32 - 1).optional().describe(
    'Paints pictures of a larger batch alone, with rng "stream": the place of the first.',
  ),
  preset,
  ...staged("prior"),
  priorPlugin: pluginSchema.optional().describe("A prior that makes the embedding in place of Stage C, or around it."),
  ...staged("decoder"),
  decoderSeed: seedSchema.optional().describe("Gives Stage B a generator of its own."),
  post: z.array(pluginSchema).max(64).optional().describe("Post-processors of finished pictures, one after the other."),
  rng: z.enum(["torch", "stream"]).optional().describe("How noise is drawn."),
  tile: z.int().min(1).optional().describe("Longest side in pixels that Stage A decodes at once."),
  batchSize: z.int().min(1).optional().describe("Most pictures of a draw that Stages C and B run at once."),
  priorLatents: file.optional().describe("File of the initial noise of Stage C, as --save-tensors writes it."),
  decoderLatents: file.optional().describe("File of the initial noise of Stage B, likewise."),
  from: file.optional().describe("File of --stop-after that is gone on from; it says the seed."),
} satisfies Record<Exclude<keyof GenerateOptions, keyof typeof otherGenerateOptions>, z.ZodType>;

/** Everything that a picture is painted with, and that can be swept. */
export const cellShape = { ...generateShape, ...loadShape };

/** What one picture is painted with. */
export const cellSchema = z.strictObject(cellShape);

/** The settings that decide which model paints, and how it is loaded. */
export const loadKeys = Object.keys(loadShape) as readonly (keyof typeof loadShape)[];

/** Settings of one picture, as they are written. */
export interface CellSettings extends Readonly<Record<string, unknown>> {
  /** A bundled name, a folder, or a repository on the hub. */
  readonly model: string;
  /** What is painted; a list is one draw of a picture each. */
  readonly prompt: string | readonly string[];
  /** Another prior. */
  readonly prior?: string;
  /** Another decoder. */
  readonly decoder?: string;
  /** Variant of the weights. */
  readonly variant?: string;
  /** LoRAs that are added to the weights. */
  readonly loras?: readonly { readonly file: string; readonly scale: number }[];
  /** Threads of the runtime. */
  readonly threads?: number;
  /** Pictures of each prompt out of one draw. */
  readonly imagesPerPrompt?: number;
  /** File of the initial noise of Stage C. */
  readonly priorLatents?: string;
  /** File of the initial noise of Stage B. */
  readonly decoderLatents?: string;
  /** File of a run that is gone on from. */
  readonly from?: string;
}
