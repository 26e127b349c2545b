/**
 * START HERE: from a prompt to a picture.
 *
 * ```text
 * prompt ─ text encoder ─┐
 *                        ├─ Stage C ─ image embedding 16×n×m ─┐
 * prompt ─ text encoder ─┴────────────────────────────────────┴─ Stage B ─ latents 4×h×w ─ Stage A ─ pixels ─ (post-processors)
 * ```
 *
 * Several jobs go through the stages together, one stage after the other, so that each network is loaded once and only one
 * heavy network is in memory. Every job is computed on its own: its numbers are those of a run alone.
 * @module
 */
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { type Context, type Events, release, warnings } from "./context.ts";
import { decodePicture, loadAutoencoder, tilesOf } from "./decode_picture.ts";
import { checkFinite } from "./denoise.ts";
import { rows, stack } from "./guidance.ts";
import type { DecoderGroup, Job } from "./job.ts";
import { cropToBytes } from "./pixels.ts";
import { type DecodedPicture, postprocess } from "./postprocess.ts";
import { runDecoder } from "./run_decoder.ts";
import { runEmbeddingPrior, runPrior } from "./run_prior.ts";
import { encodeTexts, promptsOf } from "./text_states.ts";

/** Runs all jobs. Their results are left in the jobs. */
export async function* generate(jobs: readonly Job[], context: Context): Events {
  const { prior, decoder } = context.parts;

  const priorJobs = jobs.filter((job) => job.needs("prior"));
  const usualJobs = priorJobs.filter((job) => job.options.priorPlugin === undefined);
  const priorTexts = { jobs: usualJobs, promptsOf: (job: Job) => promptsOf(job, "prior") };
  const priorText = yield* encodeTexts("prior", prior.text, priorTexts, context);
  for (const job of usualJobs) yield* runPrior(job, priorText, context);
  for (const job of priorJobs) if (!usualJobs.includes(job)) yield* runEmbeddingPrior(job, context);
  await release(prior.stage.network, context);

  const decoderJobs = jobs.filter((job) => job.needs("decoder"));
  const decoderTexts = { jobs: decoderJobs, promptsOf: (job: Job) => promptsOf(job, "decoder") };
  const decoderText = yield* encodeTexts("decoder", decoder.text, decoderTexts, context);
  for (const job of decoderJobs) {
    for (const groups of job.decoderBatches) yield* runDecoder(job, groups, { states: decoderText }, context);
  }
  await release(decoder.stage.network, context);

  const unfinished = new Map<Job, DecodedPicture[]>();
  for (const job of jobs.filter((job) => job.needs("pixels"))) unfinished.set(job, yield* decodePixels(job, context));
  await release(decoder.autoencoder.network, context);

  for (const [job, pictures] of unfinished) yield* postprocess(job, pictures, context);
}

/**
 * Stage A: VQ latents → pixels, one picture at a time.
 *
 * @returns pictures that post-processors are still to finish
 */
async function* decodePixels(job: Job, context: Context): Events<DecodedPicture[]> {
  const unfinished: DecodedPicture[] = [];
  yield* loadAutoencoder(job, context);
  for (const group of job.groups) {
    const decoded: Tensor<"float32">[] = [];
    for (let i = 0; i < job.options.imagesPerPrompt; i++) {
      context.signal.throwIfAborted();
      const start = performance.now();
      const latents = rows(group.latents!, i, i + 1);
      checkFinite(latents, `pixels: picture ${group.first + i + 1}: latents`, { handedIn: true });
      const where = `pixels: picture ${group.first + i + 1}: ${group.name}.image`;
      const pixels = await decodePicture(latents, job, { ...context, where });
      yield* warnings(job, context.parts.decoder.autoencoder.network);
      checkFinite(pixels, where);
      decoded.push(pixels);
      const seconds = (performance.now() - start) / 1000;
      const tiles = tilesOf(context.parts.decoder.autoencoder, job.plan.decoder, job.options);
      context.clock.step("pixels", seconds, { evaluations: tiles.rows.length * tiles.columns.length });
      const step = group.first + i + 1;
      const event = { run: job.index, stage: "pixels", step, total: job.count, seconds } as const;
      yield { type: "step", ...event, latents: () => structuredClone(latents) };
      const data = cropToBytes(pixels, job.plan);
      const picture = { ...job.plan.image, data, channels: pixels.shape[1]!, index: step - 1 };
      if (job.options.post) {
        unfinished.push(picture);
        continue;
      }
      const image = context.finish(job, picture);
      job.images.push(image);
      yield { type: "image", run: job.index, image };
    }
    if (job.request.onTensor) recordPixels(job, group, decoded.reduce(stack));
    delete group.latents;
  }
  return unfinished;
}

function recordPixels(job: Job, group: DecoderGroup, image: Tensor<"float32">): void {
  job.record(`${group.name}.image`, image);
  const [batch, channels] = image.shape as [number, number];
  const { decoded } = job.plan;
  const whole = { image: decoded, decoded, crop: { top: 0, left: 0 } };
  const bytes = tensor("uint8", [batch, decoded.height, decoded.width, channels]);
  for (let i = 0; i < batch; i++) {
    bytes.data.set(cropToBytes(rows(image, i, i + 1), whole), i * bytes.data.length / batch);
  }
  job.record(`${group.name}.image_uint8`, bytes);
}
