/**
 * Takes a finished picture through the model again.
 *
 * ```text
 * picture ─┬─ compressor ─ embedding ─ (Stage C, its last steps) ─┐
 *          └─ Stage A encodes ─ latents, noised ─ Stage B, its last steps ─ Stage A ─ picture
 * ```
 *
 * Noise up to a strength and denoising from there is SDEdit (Meng et al. 2021, https://arxiv.org/abs/2108.01073).
 * @module
 */
import { fitPicture } from "../images/fit_picture.ts";
import type { Pixels } from "../images/pixels.ts";
import type { RefineOptions } from "../plugins/contracts/postprocessor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { compressPictures } from "./compress_pictures.ts";
import { type Context, type Events, load, release } from "./context.ts";
import { decodePicture, loadAutoencoder } from "./decode_picture.ts";
import { checkFinite } from "./denoise.ts";
import type { Job } from "./job.ts";
import { cropToBytes } from "./pixels.ts";
import { padToDecoded } from "./reconstruct.ts";
import { runDecoder } from "./run_decoder.ts";
import { samplePrior } from "./run_prior.ts";
import { samplingKeys, stagedKey } from "./sampling.ts";
import { arrangeText, encodeTexts, promptsOf } from "./text_states.ts";
import type { GenerateOptions } from "./types.ts";

/**
 * Paints a picture again with the settings of its run.
 *
 * @param options.place of the picture in its run, from 0
 * @throws {ConfigError} where the model cannot paint its size
 * @throws {CheckpointError} where the model has no compressor
 */
export async function* refine(
  run: Job,
  picture: Pixels,
  { strength, priorStrength = 0, place, ...changes }: RefineOptions & { readonly place: number },
  context: Context,
): Events<Pixels> {
  const { decoder } = context.parts;
  const job = await context.makeJob({ ...againOptions(run, picture, { ...changes, place }) }, run.index);
  // The run has told of them.
  job.warnings.push(...run.warnings);
  const channels = decoder.autoencoder.config.in_channels;
  const pixels = fitPicture(picture, { ...job.plan.image, channels });

  const embedding = yield* compressPictures(job, pixels, context);
  job.embeddings = priorStrength > 0 ? yield* lead(job, { embedding, strength: priorStrength }, context) : embedding;
  const clean = yield* encodePicture(job, pixels, context);

  const texts = { jobs: [job], promptsOf: (job: Job) => promptsOf(job, "decoder") };
  const states = yield* encodeTexts("decoder", decoder.text, texts, context);
  const group = job.groups[0]!;
  yield* runDecoder(job, [group], { states, refinement: { clean, strength } }, context);
  await release(decoder.stage.network, context);

  yield* loadAutoencoder(job, context);
  const decoded = await decodePicture(group.latents!, job, context);
  await release(decoder.autoencoder.network, context);
  checkFinite(decoded, "pixels: refined picture");
  const { width, height } = job.plan.image;
  return { width, height, channels: decoded.shape[1] as Pixels["channels"], data: cropToBytes(decoded, job.plan) };
}

/** The settings of a run for one of its pictures, whose steps are all taken unless a strength says otherwise. */
function againOptions(
  { options, prompts, stagePrompts, negativePrompts }: Job,
  { width, height }: Pixels,
  { place, prompt, seed }: { place: number; prompt?: string | undefined; seed?: number | undefined },
): GenerateOptions {
  const which = Math.floor(place / options.imagesPerPrompt);
  const partial = (["prior", "decoder"] as const).flatMap((stage) => {
    return samplingKeys.filter((key) => /Step$/.test(key)).map((key) => [stagedKey(stage, key), undefined]);
  });
  return {
    ...options,
    ...Object.fromEntries(partial),
    prompt: prompt ?? prompts[which]!,
    priorPrompt: prompt ?? stagePrompts.prior[which]!,
    decoderPrompt: prompt ?? stagePrompts.decoder[which]!,
    priorNegativePrompt: negativePrompts.prior[which]!,
    decoderNegativePrompt: negativePrompts.decoder[which]!,
    negativePrompt: "",
    width,
    height,
    seed: seed ?? (typeof options.seed === "number" ? options.seed : options.seed[place]!),
    imagesPerPrompt: 1,
    decoderSeed: undefined,
    imageIndex: undefined,
    priorPlugin: undefined,
    post: undefined,
  };
}

/** Leads an embedding towards the prompt by the last steps of Stage C. */
async function* lead(
  job: Job,
  { embedding, strength }: { embedding: Tensor<"float32">; strength: number },
  context: Context,
): Events<Tensor<"float32">> {
  const { prior } = context.parts;
  const texts = { jobs: [job], promptsOf: (job: Job) => promptsOf(job, "prior") };
  const states = yield* encodeTexts("prior", prior.text, texts, context);
  const { stagePrompts: { prior: prompts }, negativePrompts: { prior: negativePrompts } } = job;
  const text = arrangeText(states, job, { prompts, negativePrompts, times: 1, guided: job.isGuided("prior") });
  // With all of the steps, nothing of the embedding is left.
  const latents = strength < 1 ? embedding : job.initialNoise("prior", embedding.shape);
  const led = yield* samplePrior(job, { latents, text, strength }, context);
  await release(prior.stage.network, context);
  return led;
}

/** Stage A's latents of a picture. */
async function* encodePicture(job: Job, pixels: Tensor<"float32">, context: Context): Events<Tensor<"float32">> {
  const { autoencoder } = context.parts.decoder;
  yield* load("encode", autoencoder.encoder, { ...job.plan.decoded, quantize: false }, context);
  const latents = await autoencoder.encode(padToDecoded(pixels, job.plan));
  await release(autoencoder.encoder, context);
  checkFinite(latents, "encode: latents of a picture");
  return latents;
}
