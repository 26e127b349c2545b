/**
 * What a picture says about itself: everything that is needed to paint it again.
 * @module
 */
import { basename } from "node:path";
import { z } from "zod";
import { CheckpointError } from "../errors.ts";
import { formatParameters } from "../images/parameters.ts";
import { readMetadata } from "../images/metadata.ts";
import { version } from "../version.ts";
import { precisions } from "../weights/precision.ts";
import { formatLoras } from "./loras.ts";
import { maxThreads } from "./limits.ts";
import { networkNames } from "./precisions.ts";
import {
  pluginChoiceSchema,
  type SampledStage,
  samplingSchema,
  type Staged,
  stagedKey,
  usualScheduler,
} from "./sampling.ts";
import type { LoraIdentity, ModelIdentity, ResolvedOptions } from "./types.ts";

const oneOrMany = <T extends z.ZodType>(item: T) => z.union([item, z.array(item)]);
const times = z.array(z.number()).min(2);

/** The sampling options of a stage under their names there. */
function staged<Stage extends SampledStage>(stage: Stage) {
  const all = Object.entries(samplingSchema.shape).map(([key, schema]) => [stagedKey(stage, key), schema]);
  return Object.fromEntries(all) as Staged<Stage, typeof samplingSchema.shape>;
}

/** Settings of a run as JSON; the names are those of the library's options. */
export const optionsSchema = z.object({
  prompt: oneOrMany(z.string()),
  priorPrompt: oneOrMany(z.string()).optional(),
  decoderPrompt: oneOrMany(z.string()).optional(),
  negativePrompt: oneOrMany(z.string()),
  priorNegativePrompt: oneOrMany(z.string()).optional(),
  decoderNegativePrompt: oneOrMany(z.string()).optional(),
  longPrompt: z.literal("chunk").optional(),
  plainPrompt: z.literal(true).optional(),
  width: z.int(),
  height: z.int(),
  seed: oneOrMany(z.int().nonnegative()),
  decoderSeed: oneOrMany(z.int().nonnegative()).optional(),
  imagesPerPrompt: z.int().positive(),
  imageIndex: z.int().nonnegative().optional(),
  priorPlugin: pluginChoiceSchema.optional(),
  ...staged("prior"),
  ...staged("decoder"),
  priorSteps: z.int().positive(),
  priorGuidance: z.number(),
  priorTimesteps: times.optional(),
  decoderSteps: z.int().positive(),
  decoderGuidance: z.number(),
  decoderTimesteps: times.optional(),
  post: z.array(pluginChoiceSchema).optional(),
  rng: z.enum(["torch", "stream"]),
  tile: z.int().positive().optional(),
  batchSize: z.int().positive().optional(),
});

/** Name and weight hashes of a model as JSON. */
export const modelSchema = z.object({
  name: z.string(),
  prior: z.string().optional(),
  decoder: z.string().optional(),
  variant: z.string().optional(),
  precision: z.union([z.enum(precisions), z.partialRecord(z.enum(networkNames), z.enum(precisions))]).optional(),
  weights: z.record(z.string(), z.string()),
  loras: z.array(z.object({ name: z.string(), scale: z.number(), hash: z.string(), networks: z.array(z.string()) }))
    .optional(),
});

const pictureSchema = z.object({
  version: z.string(),
  runtime: z.string(),
  threads: z.int().positive().max(maxThreads),
  index: z.int().nonnegative(),
  options: optionsSchema,
  model: modelSchema,
  inputs: z.record(z.string(), z.string()).optional(),
  reconstruction: z.object({ autoencoded: z.number().nullable(), reconstructed: z.number().nullable() }).optional(),
});

/** What is stored in a picture. */
export interface PictureMetadata {
  /** Version of wuerstchen that painted it. */
  readonly version: string;
  /** Version of ONNX Runtime, or name and version of the runtime that was chosen in its place. */
  readonly runtime: string;
  /** Threads of the runtime; another number may change the last bits. */
  readonly threads: number;
  /** Place among the pictures of its run. */
  readonly index: number;
  /** Settings of its run, defaults filled in. */
  readonly options: ResolvedOptions;
  /** Which weights painted it. */
  readonly model: ModelIdentity;
  /** sha256 of tensors that were handed in: initial noise, or the state of an earlier run. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Only in a picture that shows a reconstruction: PSNR in dB, `null` in a file where nothing is lost. */
  readonly reconstruction?: { readonly autoencoded: number | null; readonly reconstructed: number | null };
}

function samplerName({ priorScheduler }: ResolvedOptions): string {
  const name = priorScheduler?.name ?? usualScheduler;
  return name === usualScheduler ? "DDPM Wuerstchen" : name;
}

/** The text that other tools read: the `parameters` of AUTOMATIC1111's web UI. */
export function pictureParameters(
  metadata: PictureMetadata,
  { prompt, seed }: { prompt: string; seed: number },
): string {
  const { options, model } = metadata;
  const negative = typeof options.negativePrompt === "string"
    ? options.negativePrompt
    : options.negativePrompt.join(" | ");
  return formatParameters({
    prompt,
    negativePrompt: negative,
    fields: [
      ["Steps", String(options.priorSteps)],
      ["Sampler", samplerName(options)],
      ["CFG scale", String(options.priorGuidance)],
      ["Seed", String(seed)],
      ["Size", `${options.width}x${options.height}`],
      ["Model", basename(model.name)],
      ...(model.loras ? [["LoRA", formatLoras(model.loras.map(withoutFolder))] as const] : []),
      ["Decoder steps", String(options.decoderSteps)],
      ["Decoder CFG scale", String(options.decoderGuidance)],
      ["RNG", options.rng],
      ...(options.post ? [["Post-processing", options.post.map(({ name }) => name).join(" + ")] as const] : []),
      ["Version", `wuerstchen ${version}`],
    ],
  });
}

/** Other tools know a LoRA by the name of its file. */
function withoutFolder({ name, scale }: LoraIdentity): Pick<LoraIdentity, "name" | "scale"> {
  return { name: basename(name), scale };
}

/**
 * Reads what a picture says about itself.
 *
 * @throws {CheckpointError} where the file is no picture, is damaged, or was not painted by this program
 */
export function readPictureMetadata(bytes: Uint8Array, { file = "picture" }: { file?: string } = {}): PictureMetadata {
  const { wuerstchen } = readMetadata(bytes);
  if (wuerstchen === undefined) {
    throw new CheckpointError(`${file}: Expected a picture painted by wuerstchen but found no metadata of it`);
  }
  const result = pictureSchema.safeParse(wuerstchen);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new CheckpointError(`${file}: metadata "${issue.path.join(".")}": ${issue.message}`);
  }
  return result.data as PictureMetadata;
}
