/**
 * Phase 2 under way: pictures for the compressor, their latents by Stage A, captions, and noise for Stage B.
 * @module
 */
import { input } from "../../onnx/mod.ts";
import type { TrainingConfig } from "../config.ts";
import type { BucketSize } from "../data/buckets.ts";
import { embeddingCells, embedForTraining, pixelsPerLatent } from "../networks.ts";
import { pipelineSettings } from "../start.ts";
import { latentEncoder } from "./latents.ts";
import { column, noiseLevels } from "./noise_levels.ts";
import type { Objective } from "./objective.ts";
import type { ObjectiveContext, Phase, PhaseContext } from "./phase.ts";
import { sizedObjectives, sizeOfInput } from "./sized_objectives.ts";
import { stageBObjective } from "./stage_b.ts";
import { textInputs, withDropout } from "./text_inputs.ts";

type StageBConfig = NonNullable<TrainingConfig["stageB"]>;

/** The objective at one size of pictures. */
export function stageBObjectiveAt(
  { config, configs, tokens }: ObjectiveContext,
  own: StageBConfig,
  size: BucketSize,
): Objective {
  const { batch } = own;
  const { width, height } = size;
  const pixels = input("pixels", "float32", [batch, config.data.channels, height, width]);
  const f = pixelsPerLatent(configs.vqgan);
  return stageBObjective(configs.decoder, { batch, height: height / f, width: width / f, tokens }, {
    embed: () => embedForTraining(configs.compressor, pixels, pipelineSettings(config)),
    textEncoder: own.textEncoder === "trained" ? configs.decoder_text_encoder : undefined,
  });
}

/** Starts phase 2. */
export async function stageBPhase(context: PhaseContext, own: StageBConfig): Promise<Phase> {
  const { config, configs, data, state, tokenizer, schedule } = context;
  const { batch } = own;
  const isTrained = own.textEncoder === "trained";
  const held = new AsyncDisposableStack();
  const encoder = held.use(latentEncoder(context));
  const text = held.use(await textInputs("decoder_text_encoder", context, { isTrained }));
  const { training: indices } = data.split(own);
  const loader = held.use(data.loader({ indices, batch, seed: config.seed + 1, state }));
  return {
    name: "stageB",
    ...sizedObjectives(
      (size) => stageBObjectiveAt({ config, configs, tokens: tokenizer.maxLength }, own, size),
      data.size,
      {
        input: "pixels",
        isSized: data.sizes.length > 1,
      },
    ),
    scopes: {
      decoder: "decoder",
      compressor: "compressor",
      ...(isTrained ? { text_encoder: "decoder_text_encoder" } : {}),
    },
    loader,
    async inputs(draws) {
      const pictures = await loader.next();
      const pixels = pictures.images;
      const [keep, chosen, times] = [
        draws.uniform("embedding", batch),
        draws.uniform("embeddingNoise", batch),
        draws.uniform("embeddingLevel", batch),
      ];
      const noised = chosen.map((u, i) => u < own.embeddingNoise ? schedule.alphaCumprod32(times[i]! / 2) : 1);
      const latents = await encoder.encode(pictures);
      const cells = embeddingCells(sizeOfInput({ pixels }, "pixels"), pipelineSettings(config));
      return {
        pixels,
        latents,
        noise: draws.normal("noise", latents.shape),
        ...noiseLevels(draws, { batch, schedule, config: own }),
        embedding_keep: column(keep.map((u) => u < own.embeddingDropout ? 0 : 1)),
        embedding_alpha_cumprod: column(noised),
        embedding_noise: draws.normal("embeddingNoise", [batch, configs.compressor.c_latent, ...cells]),
        ...await text.of(withDropout(pictures.captions, draws, { share: own.captionDropout })),
      };
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
