/**
 * What a prior that makes embeddings can work with: the model's own parts, run as in any generation.
 * @module
 */
import type { EmbeddingTools, Steps } from "../plugins/contracts/parts.ts";
import { decodeImage } from "../images/codec.ts";
import { fitPicture } from "../images/fit_picture.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { compressPictures } from "./compress_pictures.ts";
import type { Context } from "./context.ts";
import { checkFinite } from "./denoise.ts";
import type { Job } from "./job.ts";
import { OwnFailures } from "./own_failures.ts";
import { embeddingShape, samplePrior } from "./run_prior.ts";
import { encodeTexts, gatherText, stackText, type States } from "./text_states.ts";

/** The tools of a job, and a test of whether an error came out of them. */
export function embeddingTools(
  job: Job,
  context: Context,
): { tools: EmbeddingTools; isOwn: (error: unknown) => boolean } {
  const { prior } = context.parts;
  const states: States = new Map();
  const failures = new OwnFailures();

  async function* encode(prompts: readonly string[]): Steps<Tensor<"float32">> {
    if (prompts.some((prompt) => !states.has(job.textKey(prompt)))) {
      yield* encodeTexts("prior", prior.text, { jobs: [job], promptsOf: () => prompts, states }, context);
    }
    return gatherText(states, job, { prompts, times: 1 });
  }

  async function* denoise(
    latents: Tensor<"float32">,
    { text, strength }: { text: Tensor<"float32">; strength?: number },
  ): Steps<Tensor<"float32">> {
    const { imagesPerPrompt } = job.options;
    const negative = job.negativePrompts.prior.flatMap((prompt) => Array<string>(imagesPerPrompt).fill(prompt));
    const all = job.isGuided("prior") ? stackText(states, job, [text, yield* encode(negative)]) : text;
    job.record("prior.text", all);
    checkFinite(all, "prior: prior.text");
    return yield* samplePrior(job, { latents, text: all, ...(strength === undefined ? {} : { strength }) }, context);
  }

  const tools: EmbeddingTools = {
    noise: (seed) => job.drawNoise(embeddingShape(job, context), { seed }),
    encode: (prompts) => failures.watch(encode(prompts)),
    denoise: (latents, options) => failures.watch(denoise(latents, options)),
    compress: (pixels) => failures.watch(compressPictures(job, pixels, context)),
    async readPicture(file) {
      const channels = context.parts.decoder.autoencoder.config.in_channels;
      return fitPicture(await decodeImage(await Deno.readFile(file)), { ...job.plan.image, channels });
    },
  };
  return { tools, isOwn: (error) => failures.has(error) };
}
