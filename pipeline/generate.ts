/**
 * START HERE: from a prompt to a picture.
 *
 * ```text
 * prompt ─ text encoder ─┐
 *                        ├─ Stage C ─ image embedding 16×n×m ─┐
 * prompt ─ text encoder ─┴────────────────────────────────────┴─ Stage B ─ latents 4×h×w ─ Stage A ─ pixels
 * ```
 *
 * Several jobs go through the stages together, one stage after the other, so that each network is loaded once and only one
 * heavy network is in memory. Every job is computed on its own: its numbers are those of a run alone.
 * @module
 */
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { type Context, type Events, load, release } from "./context.ts";
import { checkFinite } from "./denoise.ts";
import { rows, stack } from "./guidance.ts";
import type { DecoderGroup, Job } from "./job.ts";
import { cropToBytes } from "./pixels.ts";
import { runEmbeddingPrior, runPrior } from "./run_prior.ts";
import { halves, sampleStage } from "./sample_stage.ts";
import { arrangeText, encodeTexts, promptsOf, type States } from "./text_states.ts";

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
    for (const group of job.groups) yield* runDecoder(job, group, decoderText, context);
  }
  await release(decoder.stage.network, context);

  for (const job of jobs.filter((job) => job.needs("pixels"))) yield* decodePixels(job, context);
  await release(decoder.autoencoder.network, context);
}

/** Stage B for one prompt: noise and image embedding → VQ latents. */
async function* runDecoder(job: Job, group: DecoderGroup, states: States, context: Context): Events {
  const { stage, text: encoder } = context.parts.decoder;
  const { decoder: { height, width }, prior: cells } = job.plan;
  const { copies } = job.batches.decoder;
  yield* load("decoder", stage.network, { height, width, embedding: cells, tokens: encoder.tokens, copies }, context);

  const guided = job.isGuided("decoder");
  const times = job.options.imagesPerPrompt;
  const own = rows(job.embeddings!, group.first, group.first + times);
  const embedding = guided ? stack(own, tensor("float32", own.shape)) : own;
  const text = arrangeText(states, { prompts: [group.prompt], negativePrompts: [group.negativePrompt], times, guided });
  job.record(`${group.name}.text`, text);
  checkFinite(own, "decoder: image_embeddings", { handedIn: true });
  checkFinite(text, `decoder: ${group.name}.text`);
  const latents = job.initialNoise("decoder", [times, stage.config.c_in, height, width], { first: group.first });
  if (!job.request.decoderLatents) job.record(`noise.${group.name}.0`, latents);

  const [embeddingOf, textOf] = [halves(embedding, { guided }), halves(text, { guided })];
  const steps = job.stepsTaken("decoder");
  group.latents = yield* sampleStage(job, "decoder", {
    name: group.name,
    latents,
    first: group.first,
    progress: { done: job.groups.indexOf(group) * steps, total: job.groups.length * steps },
    copies,
    predict: (x, { t, all }) => stage.predict(x, { t, embedding: embeddingOf(all), text: textOf(all) }),
  }, context);
}

/** Stage A: VQ latents → pixels, one picture at a time. */
async function* decodePixels(job: Job, context: Context): Events {
  const { autoencoder } = context.parts.decoder;
  const { height, width } = job.plan.decoder;
  yield* load("pixels", autoencoder.network, { height, width }, context);
  for (const group of job.groups) {
    const decoded: Tensor<"float32">[] = [];
    for (let i = 0; i < job.options.imagesPerPrompt; i++) {
      context.signal.throwIfAborted();
      const start = performance.now();
      const latents = rows(group.latents!, i, i + 1);
      checkFinite(latents, `pixels: picture ${group.first + i + 1}: latents`, { handedIn: true });
      const pixels = await autoencoder.decode(latents);
      checkFinite(pixels, `pixels: picture ${group.first + i + 1}: ${group.name}.image`);
      decoded.push(pixels);
      const seconds = (performance.now() - start) / 1000;
      context.clock.step("pixels", seconds);
      const step = group.first + i + 1;
      const event = { run: job.index, stage: "pixels", step, total: job.count, seconds } as const;
      yield { type: "step", ...event, latents: () => structuredClone(latents) };
      const picture = { data: cropToBytes(pixels, job.plan), channels: pixels.shape[1]!, index: step - 1 };
      const image = context.finish(job, picture);
      job.images.push(image);
      yield { type: "image", run: job.index, image };
    }
    if (job.request.onTensor) recordPixels(job, group, decoded.reduce(stack));
    delete group.latents;
  }
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
