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
import { frozenText, trainedText } from "./text_inputs.ts";

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
  const { config, configs, data, state, tokenizer, networks, schedule } = context;
  const { batch } = own;
  const isTrained = own.textEncoder === "trained";
  const encoder = latentEncoder(context);
  const text = isTrained ? trainedText(tokenizer) : await frozenText(
    { config: configs.decoder_text_encoder, tokenizer, weights: networks.get("decoder_text_encoder")! },
    { threads: config.threads },
  );
  const { training: indices } = data.split(own);
  const loader = data.loader({ indices, batch, seed: config.seed + 1, state });
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
    samples: indices.length,
    get state() {
      return loader.state;
    },
    get unreadable() {
      return loader.unreadable;
    },
    get waitedSeconds() {
      return loader.waitedSeconds;
    },
    async inputs(draws) {
      const { images, captions, ids, backgrounds } = await loader.next();
      const drops = draws.uniform("caption", batch);
      const [keep, chosen, times] = [
        draws.uniform("embedding", batch),
        draws.uniform("embeddingNoise", batch),
        draws.uniform("embeddingLevel", batch),
      ];
      const noised = chosen.map((u, i) => u < own.embeddingNoise ? schedule.alphaCumprod32(times[i]! / 2) : 1);
      const latents = await encoder.encode(images, ids.map((id, i) => `${id}\n${backgrounds[i] ?? ""}`));
      const cells = embeddingCells(sizeOfInput({ images }, "images"), pipelineSettings(config));
      return {
        pixels: images,
        latents,
        noise: draws.normal("noise", latents.shape),
        ...noiseLevels(draws, { batch, schedule, config: own }),
        embedding_keep: column(keep.map((u) => u < own.embeddingDropout ? 0 : 1)),
        embedding_alpha_cumprod: column(noised),
        embedding_noise: draws.normal("embeddingNoise", [batch, configs.compressor.c_latent, ...cells]),
        ...await text.of(captions.map((caption, i) => drops[i]! < own.captionDropout ? "" : caption)),
      };
    },
    async [Symbol.asyncDispose]() {
      loader[Symbol.dispose]();
      await encoder[Symbol.asyncDispose]();
      await text[Symbol.asyncDispose]();
    },
  };
}
