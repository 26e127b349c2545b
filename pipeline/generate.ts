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
import type { Network } from "../stages/network.ts";
import type { TextEncoderStage } from "../stages/text_encoder.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { checkFinite, denoise, type DenoiseStep } from "./denoise.ts";
import { copiesOf, isGuided, repeatRows, rows, stack } from "./guidance.ts";
import type { DecoderGroup, Job } from "./job.ts";
import type { ModelParts } from "./parts.ts";
import { cropToBytes } from "./pixels.ts";
import { predictedClean, type Previewer } from "./preview.ts";
import type { Clock } from "./timings.ts";
import type { GeneratedImage, GenerateEvent, StageName } from "./types.ts";

/** What a generation works with. */
export interface Context {
  readonly parts: ModelParts;
  /** From the prior repository: embedding = latents·mean − std. */
  readonly latentMean: number;
  readonly latentStd: number;
  readonly keepLoaded: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly previewer: Previewer;
  /** Wraps the bytes of a picture (HWC). */
  finish(job: Job, picture: { data: Uint8Array; channels: number; index: number }): GeneratedImage;
}

/** Work that reports what it does and ends with a result. */
export type Events<Result = void> = AsyncGenerator<GenerateEvent, Result>;
type States = Map<string, Tensor<"float32">>;

/** Runs all jobs. Their results are left in the jobs. */
export async function* generate(jobs: readonly Job[], context: Context): Events {
  const { prior, decoder } = context.parts;

  const priorJobs = jobs.filter((job) => job.needs("prior"));
  const priorText = yield* encodeTexts("prior text", prior.text, priorJobs, context);
  for (const job of priorJobs) yield* runPrior(job, priorText, context);
  await release(prior.stage.network, context);

  const decoderJobs = jobs.filter((job) => job.needs("decoder"));
  const decoderText = yield* encodeTexts("decoder text", decoder.text, decoderJobs, context);
  for (const job of decoderJobs) {
    for (const group of job.groups) yield* runDecoder(job, group, decoderText, context);
  }
  await release(decoder.stage.network, context);

  for (const job of jobs.filter((job) => job.needs("pixels"))) yield* decodePixels(job, context);
  await release(decoder.autoencoder.network, context);
}

/** Encodes every different prompt of the jobs once, each alone: a state does not depend on its neighbours. */
async function* encodeTexts(
  stage: StageName,
  encoder: TextEncoderStage,
  jobs: readonly Job[],
  context: Context,
): Events<States> {
  const states: States = new Map();
  if (jobs.length === 0) return states;
  yield* load(stage, encoder.network, { tokens: encoder.tokens }, context);
  const guidance = stage === "prior text" ? "priorGuidance" : "decoderGuidance";
  for (const job of jobs) {
    const start = performance.now();
    const texts = [...job.prompts, ...(isGuided(job.options[guidance]) ? job.negativePrompts : [])];
    for (const text of texts) {
      context.signal.throwIfAborted();
      if (!states.has(text)) states.set(text, await encoder.encode([text]));
      const lost = encoder.truncated(text);
      const which = job.prompts.includes(text) ? "prompt" : "negative prompt";
      const message = `the ${which} is longer than the ${stage} encoder's ${encoder.tokens} tokens; lost: "${
        shorten(lost)
      }"`;
      if (lost !== "" && !job.warnings.includes(message)) {
        job.warnings.push(message);
        yield { type: "warning", run: job.index, message };
      }
    }
    const seconds = (performance.now() - start) / 1000;
    context.clock.step(stage, seconds);
    const latents = () => structuredClone(states.get(texts[0]!)!);
    yield { type: "step", run: job.index, stage, step: 1, total: 1, seconds, latents };
  }
  await release(encoder.network, context);
  return states;
}

/** Most characters of lost words that a warning quotes. */
const quoted = 200;

function shorten(text: string): string {
  const characters = [...text];
  if (characters.length <= quoted) return text;
  return `${characters.slice(0, quoted).join("")}… (${characters.length - quoted} characters more)`;
}

/** Text states as a stage takes them: a row a picture, and with guidance the negative prompts' rows after them. */
function arrangeText(
  states: States,
  { prompts, negativePrompts, times, guided }: {
    prompts: readonly string[];
    negativePrompts: readonly string[];
    times: number;
    guided: boolean;
  },
): Tensor<"float32"> {
  const gather = (texts: readonly string[]) => repeatRows(texts.map((text) => states.get(text)!).reduce(stack), times);
  return guided ? stack(gather(prompts), gather(negativePrompts)) : gather(prompts);
}

/** Stage C: noise → image embedding. */
async function* runPrior(job: Job, states: States, context: Context): Events {
  const { stage, scheduler, text: encoder } = context.parts.prior;
  const { height, width } = job.plan.prior;
  const guidance = job.options.priorGuidance;
  const sizes = { height, width, tokens: encoder.tokens, copies: copiesOf(guidance) };
  yield* load("prior", stage.network, sizes, context);

  const text = arrangeText(states, { ...job, times: job.options.imagesPerPrompt, guided: isGuided(guidance) });
  job.record("prior.text", text);
  checkFinite(text, "prior: prior.text");
  const shape = [job.count, stage.config.c_in, height, width];
  const latents = job.initialNoise("prior", shape);
  if (!job.request.priorLatents) job.record("noise.prior.0", latents);

  const loop = denoise({
    stage: "prior",
    name: "prior",
    predict: (x, t) => stage.predict(x, { t, text }),
    scheduler,
    timesteps: job.timesteps("prior", scheduler),
    latents,
    guidance,
    noise: (step) => job.noise("prior", shape, { step: step + 1 }),
    signal: context.signal,
  });
  const result = yield* reportSteps(loop, {
    job,
    stage: "prior",
    name: "prior",
    done: 0,
    total: job.options.priorSteps,
  }, context);
  const { latentMean, latentStd } = context;
  const data = result.data.map((value) => Math.fround(value * latentMean) - latentStd);
  job.embeddings = tensor("float32", result.shape, data);
  job.record("image_embeddings", job.embeddings);
}

/** Stage B for one prompt: noise and image embedding → VQ latents. */
async function* runDecoder(job: Job, group: DecoderGroup, states: States, context: Context): Events {
  const { stage, scheduler, text: encoder } = context.parts.decoder;
  const { decoder: { height, width }, prior: cells } = job.plan;
  const guidance = job.options.decoderGuidance;
  const sizes = { height, width, embedding: cells, tokens: encoder.tokens, copies: copiesOf(guidance) };
  yield* load("decoder", stage.network, sizes, context);

  const guided = isGuided(guidance);
  const times = job.options.imagesPerPrompt;
  const own = rows(job.embeddings!, group.first, group.first + times);
  const embedding = guided ? stack(own, tensor("float32", own.shape)) : own;
  const text = arrangeText(states, { prompts: [group.prompt], negativePrompts: [group.negativePrompt], times, guided });
  job.record(`${group.name}.text`, text);
  checkFinite(own, "decoder: image_embeddings", { handedIn: true });
  checkFinite(text, `decoder: ${group.name}.text`);
  const shape = [times, stage.config.c_in, height, width];
  const latents = job.initialNoise("decoder", shape, { first: group.first });
  if (!job.request.decoderLatents) job.record(`noise.${group.name}.0`, latents);

  const loop = denoise({
    stage: "decoder",
    name: group.name,
    predict: (x, t) => stage.predict(x, { t, embedding, text }),
    scheduler,
    timesteps: job.timesteps("decoder", scheduler),
    latents,
    guidance,
    noise: (step) => job.noise("decoder", shape, { step: step + 1, first: group.first }),
    signal: context.signal,
  });
  const steps = job.options.decoderSteps;
  const progress = { done: job.groups.indexOf(group) * steps, total: job.groups.length * steps };
  group.latents = yield* reportSteps(loop, { job, stage: "decoder", name: group.name, ...progress }, context);
}

/** Passes the steps of a loop on as events and records their tensors; returns the last latents. */
async function* reportSteps(
  loop: AsyncGenerator<DenoiseStep, Tensor<"float32">>,
  { job, stage, name, done, total }: { job: Job; stage: StageName; name: string; done: number; total: number },
  { clock, previewer }: Context,
): Events<Tensor<"float32">> {
  // A preview shows the newest step, whichever event it is asked of.
  let newest: DenoiseStep | undefined;
  const preview = () => previewer.paint(predictedClean(newest!));
  for (;;) {
    const { done: finished, value } = await loop.next();
    if (finished) return value;
    newest = value;
    const { index, seconds, latents } = value;
    clock.step(stage, seconds);
    job.record(`noise.${name}.${index + 1}`, value.noise);
    job.record(`${name}.model_output.${index}`, value.modelOutput);
    job.record(`${name}.latents.${index}`, latents);
    yield {
      type: "step",
      run: job.index,
      stage,
      step: done + index + 1,
      total,
      seconds,
      latents: () => structuredClone(latents),
      ...(stage === "decoder" ? { preview } : {}),
    };
  }
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

/** Loads a network, unless it is there already. */
export async function* load<Sizes>(
  stage: StageName,
  network: Network<Sizes>,
  sizes: Sizes,
  { clock, signal }: Context,
): Events {
  signal.throwIfAborted();
  const start = performance.now();
  if (!await network.load(sizes)) return;
  const seconds = (performance.now() - start) / 1000;
  clock.load(stage, seconds);
  yield { type: "load", stage, seconds };
}

/** Frees a network, unless all are to stay. */
export async function release<Sizes>(network: Network<Sizes>, { keepLoaded }: Context): Promise<void> {
  if (!keepLoaded) await network.release();
}
