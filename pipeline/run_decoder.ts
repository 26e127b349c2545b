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
import { sampleStage } from "./sample_stage.ts";
import { arrangeText, type States } from "./text_states.ts";

/** Latents that Stage B does not make from noise alone. */
export interface Refinement {
  /** Stage A's latents of a picture [b, c, h, w]. */
  readonly clean: Tensor<"float32">;
  /** Share of the steps that are taken, at least one. */
  readonly strength: number;
}

/** Runs Stage B for one prompt; its latents are left in the group. */
export async function* runDecoder(
  job: Job,
  group: DecoderGroup,
  { states, refinement }: { states: States; refinement?: Refinement },
  context: Context,
): Events {
  const { stage, sampling: { schedule } } = context.parts.decoder;
  const { decoder: { height, width }, prior: cells } = job.plan;
  const { copies } = job.batches.decoder;
  const guided = job.isGuided("decoder");
  const times = job.options.imagesPerPrompt;
  const own = rows(job.embeddings!, group.first, group.first + times);
  const embedding = guided ? stack(own, tensor("float32", own.shape)) : own;
  const words = { prompts: [group.prompt], negativePrompts: [group.negativePrompt] };
  const text = arrangeText(states, job, { ...words, times, guided });
  yield* load("decoder", stage.network, { height, width, embedding: cells, tokens: text.shape[1]!, copies }, context);
  job.record(`${group.name}.text`, text);
  checkFinite(own, "decoder: image_embeddings", { handedIn: true });
  checkFinite(text, `decoder: ${group.name}.text`);
  const noise = job.initialNoise("decoder", [times, stage.config.c_in, height, width], { first: group.first });
  if (!job.request.decoderLatents) job.record(`noise.${group.name}.0`, noise);

  const steps = job.stepsTaken("decoder");
  const start = refinement && Math.min(steps - 1, Math.round(steps * (1 - refinement.strength)));
  const noised = ({ clean }: Refinement) => (t: number) => {
    return tensor("float32", noise.shape, addNoise({ sample: clean.data, noise: noise.data }, { t, schedule }));
  };
  group.latents = yield* sampleStage(job, "decoder", {
    name: group.name,
    latents: refinement ? noised(refinement) : noise,
    start,
    first: group.first,
    progress: { done: job.groups.indexOf(group) * steps, total: job.groups.length * steps - (start ?? 0) },
    copies,
    conditions: { embedding, text },
    predict: (x, at) => stage.predict(x, at),
  }, context);
}
