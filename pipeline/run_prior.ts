/**
 * Stage C: from text to the image embedding, by the model's own prior or by one that is chosen for the run.
 * @module
 */
import { PluginError } from "../errors.ts";
import type { EmbeddingPrior } from "../plugins/contracts/parts.ts";
import { blame, blamed } from "../plugins/registry.ts";
import { addNoise } from "../schedulers/add_noise.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { type Context, type Events, load } from "./context.ts";
import { checkFinite } from "./denoise.ts";
import { embeddingTools } from "./embedding_tools.ts";
import type { Job } from "./job.ts";
import { sampleStage } from "./sample_stage.ts";
import { arrangeText, type States } from "./text_states.ts";

/** Shape of a job's embedding: [pictures, channels, height, width]. */
export function embeddingShape(job: Job, { parts }: Pick<Context, "parts">): [number, number, number, number] {
  const { height, width } = job.plan.prior;
  return [job.count, parts.prior.stage.channels, height, width];
}

/** Makes a job's embedding with the model's own prior, from noise. */
export async function* runPrior(job: Job, states: States, context: Context): Events {
  const guided = job.isGuided("prior");
  const { stagePrompts: { prior: prompts }, negativePrompts: { prior: negativePrompts } } = job;
  const { imagesPerPrompt: times } = job.options;
  const text = arrangeText(states, job, { prompts, negativePrompts, times, guided });
  job.record("prior.text", text);
  checkFinite(text, "prior: prior.text");
  const latents = job.initialNoise("prior", embeddingShape(job, context));
  if (!job.request.priorLatents) job.record("noise.prior.0", latents);
  job.embeddings = yield* samplePrior(job, { latents, text }, context);
  job.record("image_embeddings", job.embeddings);
}

/**
 * Runs the model's Stage C.
 *
 * @param input.text [b, tokens, width], with guidance the rows of the negative prompts after them
 * @param input.strength below 1 `latents` are an embedding, of which this share of the steps is taken again
 * @returns the embedding
 */
export async function* samplePrior(
  job: Job,
  { latents, text, strength = 1 }: { latents: Tensor<"float32">; text: Tensor<"float32">; strength?: number },
  context: Context,
): Events<Tensor<"float32">> {
  const { stage, sampling: { schedule } } = context.parts.prior;
  const { copies } = job.batches.prior;
  yield* load("prior", stage.network, { ...job.plan.prior, tokens: text.shape[1]!, copies }, context);
  const steps = job.options.priorSteps;
  const start = strength < 1 ? Math.round(steps * (1 - strength)) : undefined;
  const { latentMean, latentStd } = context;
  if (start === steps) return latents;
  const noised = (t: number) => {
    const sample = latents.data.map((value) => (value + latentStd) / latentMean);
    const noise = job.noise("prior", latents.shape, { step: 0 }).data;
    return tensor("float32", latents.shape, addNoise({ sample, noise }, { t, schedule }));
  };
  const result = yield* sampleStage(job, "prior", {
    named: [{ name: "prior", count: latents.shape[0]! }],
    latents: start === undefined ? latents : noised,
    start,
    progress: { done: 0, total: job.stepsTaken("prior") },
    copies,
    conditions: { text },
    predict: (x, at) => stage.predict(x, at),
  }, context);
  return tensor("float32", result.shape, result.data.map((value) => Math.fround(value * latentMean) - latentStd));
}

/**
 * Makes a job's embedding with the prior that was chosen for it.
 *
 * @throws {PluginError} where the prior throws, or gives something else than the embedding, naming it
 * @throws {NumericError} where what it gives is not finite
 */
export async function* runEmbeddingPrior(job: Job, context: Context): Events {
  const chosen = context.registry.choose("prior", job.options.priorPlugin!);
  const prior = await chosen.create(context.parts.prior.context);
  if (!("embed" in prior)) {
    throw new PluginError(
      `prior ${chosen.name}: Expected one that makes embeddings, with embed(); this is a network of a model`,
    );
  }
  const shape = embeddingShape(job, context);
  try {
    const result = yield* embed(prior, { name: chosen.name, job, shape }, context);
    if (result?.shape?.join() !== shape.join() || !(result.data instanceof Float32Array)) {
      const found = Array.isArray(result?.shape) ? `[${result.shape.join(", ")}]` : typeof result;
      throw new PluginError(
        `prior ${chosen.name}: Expected embed() to give a float32 tensor [${shape.join(", ")}] but found ${found}`,
      );
    }
    checkFinite(result, `prior: image_embeddings`, { by: `prior ${chosen.name}` });
    job.embeddings = result;
    job.record("image_embeddings", result);
  } finally {
    await blame(chosen.plugin, () => prior.dispose?.());
  }
}

/** Runs `embed()`, whichever way it is written, and passes on the events of what it calls. */
async function* embed(
  prior: EmbeddingPrior,
  { name, job, shape }: { name: string; job: Job; shape: [number, number, number, number] },
  context: Context,
): Events<Tensor<"float32">> {
  const prompts = job.stagePrompts.prior.flatMap((prompt) => Array<string>(job.options.imagesPerPrompt).fill(prompt));
  const request = { prompts, shape, picture: job.plan.image, signal: context.signal };
  const { tools, isOwn } = embeddingTools(job, context);
  try {
    const work = prior.embed(request, tools);
    if (Symbol.asyncIterator in work) return yield* work as Events<Tensor<"float32">>;
    return await work;
  } catch (error) {
    throw isOwn(error) ? error : blamed({ kind: "prior", name }, error);
  }
}
