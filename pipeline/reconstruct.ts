/**
 * Takes pictures through a model and back, to show what its parts keep of them.
 *
 * ```text
 * pixels ─┬─ Stage A encodes ─ latents ─ Stage A decodes ───────────────────── what Stage A keeps
 *         └─ compressor ─ embedding ─ Stage B ─ latents ─ Stage A decodes ──── what all of them keep
 * ```
 * @module
 */
import { createHash } from "node:crypto";
import { CheckpointError, ConfigError } from "../errors.ts";
import { encodeImage } from "../images/codec.ts";
import type { ImageFormat } from "../images/format.ts";
import { writeMetadata } from "../images/metadata.ts";
import type { Pixels } from "../images/pixels.ts";
import { psnr } from "../images/psnr.ts";
import { sideBySide } from "../images/side_by_side.ts";
import type { Compressor } from "../plugins/contracts/parts.ts";
import { type OpenRuntime, runtimeLabel } from "../plugins/open_runtime.ts";
import type { Registry } from "../plugins/registry.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { version } from "../version.ts";
import { decodePicture, loadAutoencoder } from "./decode_picture.ts";
import { checkFinite } from "./denoise.ts";
import { type Context, type Events, load, release } from "./context.ts";
import { rows } from "./guidance.ts";
import type { Job } from "./job.ts";
import { type PictureMetadata, pictureParameters } from "./metadata.ts";
import { type ModelDefaults, resolveOptions } from "./options.ts";
import type { ModelParts } from "./parts.ts";
import { cropToBytes } from "./pixels.ts";
import type { SizePlan } from "./plan.ts";
import type { SamplingOptions, Staged } from "./sampling.ts";
import type { GeneratedImage, GenerateOptions, GenerateResult, StagePlan } from "./types.ts";

/** How pictures are reconstructed; what is left out is as for a generation. */
export interface ReconstructOptions
  extends
    Pick<GenerateOptions, "decoderSteps" | "decoderGuidance" | "decoderTimesteps" | "rng" | "signal">,
    Staged<"decoder", SamplingOptions> {
  /** Text for Stage B: one for all pictures, or one each. Default `""`: the embedding alone has to say what is there. */
  prompt?: string | readonly string[] | undefined;
  /** Start of Stage B's generator: one for all pictures, or one each. Default 0. */
  seed?: number | readonly number[] | undefined;
}

/** A picture and what is left of it. */
export interface ReconstructedPicture {
  /** The picture that was put in. */
  readonly original: Pixels;
  /** What Stage A keeps: encoded, not quantised, and decoded. */
  readonly autoencoded: Pixels;
  /** What the compressor, Stage B and Stage A keep. */
  readonly reconstructed: GeneratedImage;
  /** In dB over the bytes of the whole picture, `Infinity` where nothing is lost. */
  readonly psnr: { readonly autoencoded: number; readonly reconstructed: number };
  /** Encodes all three side by side, in this order, with settings and PSNR as metadata. */
  encode(format: ImageFormat, options?: { metadata?: boolean; quality?: number }): Promise<Uint8Array>;
}

/** What {@linkcode Pipeline.reconstruct} gives. */
export interface ReconstructResult
  extends Pick<GenerateResult, "seed" | "options" | "plan" | "timings" | "warnings" | "model"> {
  /** One for each that was put in, in their order. */
  readonly pictures: ReconstructedPicture[];
  /** The compressor's [b, c, n, m]. */
  readonly embedding: Tensor<"float32">;
}

/** The compressor of a model, or an explanation of why there is none. */
export function compressorOf({ compressor, decoder }: ModelParts): Compressor {
  if (compressor) return compressor;
  throw new CheckpointError(
    `${decoder.stage.network.checkpoint.folder}: Expected a compressor beside the decoder (compressor/config.json) but ` +
      "found none: published Würstchen v2 repositories leave it out, take a model that this program trained",
  );
}

/**
 * Repeats the outermost pixels so that [b, c, h, w] fill what Stage A decodes; the picture lies where it is cut out afterwards.
 */
export function padToDecoded(
  pixels: Tensor<"float32">,
  { decoded: { height, width }, crop }: Pick<SizePlan, "decoded" | "crop">,
): Tensor<"float32"> {
  const [b, c, h, w] = pixels.shape as [number, number, number, number];
  if (h === height && w === width) return pixels;
  const padded = tensor("float32", [b, c, height, width]);
  const inside = (at: number, size: number) => Math.min(size - 1, Math.max(0, at));
  let to = 0;
  for (let plane = 0; plane < b * c; plane++) {
    for (let y = 0; y < height; y++) {
      const row = (plane * h + inside(y - crop.top, h)) * w;
      for (let x = 0; x < width; x++) padded.data[to++] = pixels.data[row + inside(x - crop.left, w)]!;
    }
  }
  return padded;
}

/** Checks the shape of pictures that are put in, and returns how many they are. */
export function checkPictures({ shape }: Tensor<"float32">, { decoder }: ModelParts): number {
  const channels = decoder.autoencoder.config.in_channels;
  const [count, found] = shape;
  if (shape.length !== 4 || found !== channels || !count) {
    throw new ConfigError(
      `Expected pictures [b, ${channels}, height, width] for this model but found [${shape.join(", ")}]`,
    );
  }
  return count;
}

/** A reconstruction that is checked and has not begun. */
export class Reconstruction {
  /** Stage B and Stage A, as of a generation that continues from an embedding. */
  readonly job: Job;
  readonly #pixels: Tensor<"float32">;
  readonly #compressor: Compressor;
  readonly #embedding: Tensor<"float32">;
  #autoencoded: Uint8Array[] = [];

  /**
   * @param pixels 0…1, [b, c, height, width]
   * @param options.makeJob checks a generation against the model
   */
  constructor(
    pixels: Tensor<"float32">,
    request: ReconstructOptions,
    { parts, registry, defaults, planOf, makeJob }: {
      parts: ModelParts;
      registry: Registry;
      defaults: ModelDefaults;
      planOf: (size: { height: number; width: number }) => SizePlan;
      makeJob: (options: GenerateOptions) => Job;
    },
  ) {
    this.#compressor = compressorOf(parts);
    const count = checkPictures(pixels, parts);
    const [height, width] = pixels.shape.slice(2) as [number, number];
    const plan = planOf({ height, width });
    const { prompt = "", seed = 0, rng, ...sampling } = request;
    const prompts = typeof prompt === "string" ? Array<string>(count).fill(prompt) : prompt;
    if (prompts.length !== count) {
      throw new ConfigError(`Expected a prompt for each of the ${count} pictures but found ${prompts.length}`);
    }
    const options = resolveOptions(
      { ...sampling, rng, prompt: prompts, seed, imagesPerPrompt: 1, height, width },
      defaults,
      { registry },
    );
    // It is filled when the compressor has run; until then it has the right shape, which is what a job checks.
    const { c_latent: channels } = this.#compressor.config;
    this.#embedding = tensor("float32", [count, channels, plan.prior.height, plan.prior.width]);
    const from = {
      kind: "image_embeddings",
      tensor: this.#embedding,
      options,
      generators: [],
      model: { name: "", weights: {} },
    } as const;
    this.job = makeJob({ ...sampling, prompt: prompts, from, decoderSeed: seed });
    this.#pixels = pixels;
  }

  /** What happens before Stage B. */
  get stages(): StagePlan[] {
    return [
      { stage: "encode", total: 1 },
      { stage: "pixels", total: this.job.count },
      { stage: "compressor", total: 1 },
    ];
  }

  /** Runs Stage A alone, and the compressor. */
  async *prepare(context: Context): Events {
    const { autoencoder } = context.parts.decoder;
    const { plan } = this.job;
    const padded = padToDecoded(this.#pixels, plan);

    yield* load("encode", autoencoder.encoder, { ...plan.decoded, quantize: false }, context);
    const latents = yield* this.#step({ stage: "encode", total: 1 }, () => autoencoder.encode(padded), context);
    await release(autoencoder.encoder, context);

    yield* loadAutoencoder(this.job, context);
    this.#autoencoded = [];
    for (let i = 0; i < this.job.count; i++) {
      const decoded = yield* this.#step(
        { stage: "pixels", step: i + 1, total: this.job.count },
        () => decodePicture(rows(latents, i, i + 1), this.job, context),
        context,
      );
      this.#autoencoded.push(cropToBytes(decoded, plan));
    }
    await release(autoencoder.network, context);

    yield* load("compressor", this.#compressor.network, { ...plan.decoded, cells: plan.prior }, context);
    const embedding = yield* this.#step(
      { stage: "compressor", total: 1 },
      () => this.#compressor.embed(padded),
      context,
    );
    this.#embedding.data.set(embedding.data);
    await release(this.#compressor.network, context);
  }

  /** Runs one step of a stage, and reports it. */
  async *#step(
    { stage, step = 1, total }: StagePlan & { readonly step?: number },
    work: () => Promise<Tensor<"float32">>,
    { clock, signal }: Context,
  ): Events<Tensor<"float32">> {
    signal.throwIfAborted();
    const start = performance.now();
    const result = await work();
    checkFinite(result, `${stage}: what a picture becomes`);
    const seconds = (performance.now() - start) / 1000;
    clock.step(stage, seconds);
    const latents = () => structuredClone(result);
    yield { type: "step", run: this.job.index, stage, step, total, seconds, latents };
    return result;
  }

  /** Joins what was put in with what has come out. */
  result({ images, ...result }: GenerateResult, machine: { threads: number; runtime: OpenRuntime }): ReconstructResult {
    const { plan } = this.job;
    const inPlace = { image: plan.image, decoded: plan.image, crop: { top: 0, left: 0 } };
    const pictures = images.map((reconstructed, i) => {
      const { width, height, channels } = reconstructed;
      const pixelsOf = (data: Uint8Array): Pixels => ({ width, height, channels, data });
      const original = pixelsOf(cropToBytes(rows(this.#pixels, i, i + 1), inPlace));
      const autoencoded = pixelsOf(this.#autoencoded[i]!);
      const compare = ({ data }: Pixels) => psnr(original.data, data, { peak: 255 });
      const kept = { autoencoded: compare(autoencoded), reconstructed: compare(reconstructed) };
      const picture = { original, autoencoded, reconstructed, psnr: kept };
      return { ...picture, encode: encoderOf(picture, { result, ...machine }) };
    });
    const { seed, options, timings, warnings, model } = result;
    return { pictures, embedding: this.#embedding, seed, options, plan, timings, warnings, model };
  }
}

function encoderOf(
  { original, autoencoded, reconstructed, psnr }: Omit<ReconstructedPicture, "encode">,
  { result, threads, runtime }: {
    result: Omit<GenerateResult, "images">;
    threads: number;
    runtime: OpenRuntime;
  },
): ReconstructedPicture["encode"] {
  return async (format, { metadata = true, quality } = {}) => {
    const pixels = sideBySide([original, autoencoded, reconstructed]);
    const bytes = await encodeImage(pixels, { format, quality });
    if (!metadata) return bytes;
    const { index, prompt, seed } = reconstructed;
    const facts: PictureMetadata = {
      version,
      runtime: await runtimeLabel(runtime),
      threads,
      index,
      options: result.options,
      model: result.model,
      inputs: { picture: createHash("sha256").update(original.data).digest("hex") },
      reconstruction: psnr,
    };
    const parameters = pictureParameters(facts, { prompt, seed });
    return writeMetadata(bytes, format, { parameters, wuerstchen: JSON.stringify(facts) });
  };
}
