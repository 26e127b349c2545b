/**
 * A finished picture as it is handed out, with all that it says about itself.
 * @module
 */
import { createHash } from "node:crypto";
import { ConfigError } from "../errors.ts";
import { encodeImage } from "../images/codec.ts";
import type { ImageFormat } from "../images/format.ts";
import { writeMetadata } from "../images/metadata.ts";
import { tensorBytes } from "../tensor/tensor.ts";
import { version } from "../version.ts";
import type { FinishedPicture } from "./context.ts";
import type { Job } from "./job.ts";
import { type PictureMetadata, pictureParameters } from "./metadata.ts";
import type { GeneratedImage, GenerateOptions, ModelIdentity } from "./types.ts";

/** sha256 of each tensor that was handed in and that the metadata does not hold. */
export function hashInputs(
  { priorLatents, decoderLatents, from }: GenerateOptions,
): { inputs?: Record<string, string> } {
  const given = { priorLatents, decoderLatents, from: from?.tensor };
  const hashes = Object.entries(given).filter(([, value]) => value !== undefined).map(([name, value]) => [
    name,
    createHash("sha256").update(tensorBytes(value!)).digest("hex"),
  ]);
  return hashes.length > 0 ? { inputs: Object.fromEntries(hashes) } : {};
}

/** Joins the bytes of a picture with what it says about itself. */
export function finishPicture(
  job: Job,
  { data, width, height, channels, index, encoding }: FinishedPicture,
  { identity, runtime, threads }: { identity: Promise<ModelIdentity>; runtime: string; threads: number },
): GeneratedImage {
  const { options } = job;
  const seed = typeof options.seed === "number" ? options.seed : options.seed[index]!;
  const prompt = job.prompts[Math.floor(index / options.imagesPerPrompt)]!;
  const pixels = { width, height, channels: channels as 1 | 3 | 4, data };
  const encode = async (
    format: ImageFormat,
    { metadata = true, quality = encoding?.quality }: { metadata?: boolean; quality?: number } = {},
  ) => {
    if (![1, 3, 4].includes(channels)) {
      throw new ConfigError(
        `A picture of ${channels} channels fits into no PNG, JPEG or WebP: read its data, or keep its tensors with --save-tensors`,
      );
    }
    const bytes = await encodeImage(pixels, { format, ...(quality === undefined ? {} : { quality }) });
    if (!metadata) return bytes;
    const inputs = hashInputs(job.request);
    const facts: PictureMetadata = { version, runtime, threads, index, options, model: await identity, ...inputs };
    const parameters = pictureParameters(facts, { prompt, seed });
    return writeMetadata(bytes, format, { parameters, wuerstchen: JSON.stringify(facts) });
  };
  return { ...pixels, seed, index, prompt, ...(encoding ? { encoding } : {}), encode, png: () => encode("png") };
}
