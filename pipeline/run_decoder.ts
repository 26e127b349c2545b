/**
 * Stage B: from the image embedding to VQ latents.
 * @module
 */
import { addNoise } from "../schedulers/add_noise.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { type Context, type Events, load } from "./context.ts";
import { checkFinite } from "./denoise.ts";
import { rows, stack } from "./guidance.ts";
import type { DecoderGroup, Job } from "./job.ts";
import { recordRows, sampleStage } from "./sample_stage.ts";
import { arrangeText, type States } from "./text_states.ts";

/** Latents that Stage B does not make from noise alone. */
export interface Refinement {
  /** Stage A's latents of a picture [b, c, h, w]. */
  readonly clean: Tensor<"float32">;
  /** Share of the steps that are taken, at least one. */
  readonly strength: number;
}

/** Runs Stage B for prompts that follow one another; their latents are left in the groups. */
export async function* runDecoder(
  job: Job,
  groups: readonly DecoderGroup[],
  { states, refinement }: { states: States; refinement?: Refinement },
  context: Context,
): Events {
  const { stage, sampling: { schedule } } = context.parts.decoder;
  const { decoder: { height, width }, prior: cells } = job.plan;
  const { copies } = job.batches.decoder;
  const guided = job.isGuided("decoder");
  const times = job.options.imagesPerPrompt;
  const [{ first }, count] = [groups[0]!, groups.length * times];
  const own = rows(job.embeddings!, first, first + count);
  const embedding = guided ? stack(own, tensor("float32", own.shape)) : own;
  const textOf = (some: readonly DecoderGroup[]) => {
    const prompts = some.map(({ prompt }) => prompt);
    const negativePrompts = some.map(({ negativePrompt }) => negativePrompt);
    return arrangeText(states, job, { prompts, negativePrompts, times, guided });
  };
  const text = textOf(groups);
  yield* load("decoder", stage.network, { height, width, embedding: cells, tokens: text.shape[1]!, copies }, context);
  checkFinite(own, "decoder: image_embeddings", { handedIn: true });
  for (const group of groups) {
    const own = textOf([group]);
    job.record(`${group.name}.text`, own);
    checkFinite(own, `decoder: ${group.name}.text`);
  }
  const shape = [times, stage.config.c_in, height, width];
  const { noise, later } = drawNoise(job, groups, shape);
  const named = groups.map(({ name }) => ({ name, count: times }));
  if (!job.request.decoderLatents) recordRows(job, noise, named, (name) => `noise.${name}.0`);

  const steps = job.stepsTaken("decoder");
  const start = refinement && Math.min(steps - 1, Math.round(steps * (1 - refinement.strength)));
  const noised = ({ clean }: Refinement) => (t: number) => {
    return tensor("float32", noise.shape, addNoise({ sample: clean.data, noise: noise.data }, { t, schedule }));
  };
  const batches = job.decoderBatches;
  const done = steps * batches.findIndex(([group]) => group === groups[0]);
  const latents = yield* sampleStage(job, "decoder", {
    named,
    latents: refinement ? noised(refinement) : noise,
    start,
    noise: later,
    progress: { done, total: batches.length * steps - (start ?? 0) },
    copies,
    conditions: { embedding, text },
    predict: (x, at) => stage.predict(x, at),
  }, context);
  for (const group of groups) group.latents = rows(latents, group.first - first, group.first - first + times);
}

/**
 * The noise of prompts that are decoded together: prompt by prompt, as diffusers draws it from one generator.
 *
 * @param shape of one prompt's latents
 * @returns the initial noise, and what draws that of a step; of a prompt alone it is drawn when its step comes
 */
function drawNoise(job: Job, groups: readonly DecoderGroup[], shape: readonly number[]) {
  const { startStep = 0 } = job.sampling("decoder");
  const drawn = groups.map(({ first }) => {
    const initial = job.initialNoise("decoder", shape, { first });
    const draw = (step: number) => job.noise("decoder", shape, { step: step + 1, first });
    if (groups.length === 1) return { initial, draw };
    const all = Array.from({ length: job.stepsTaken("decoder") }, (_, i) => draw(startStep + i));
    return { initial, draw: (step: number) => all[step - startStep]! };
  });
  return {
    noise: drawn.map(({ initial }) => initial).reduce(stack),
    later: (step: number) => drawn.map(({ draw }) => draw(step)).reduce(stack),
  };
}
