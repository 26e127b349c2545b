/**
 * Phase 2 under way: pictures for the compressor, their latents by Stage A, captions, and noise for Stage B.
 * @module
 */
import { ConfigError } from "../../errors.ts";
import { input, scope } from "../../onnx/mod.ts";
import type { TrainingConfig } from "../config.ts";
import { embedForTraining } from "../networks.ts";
import { pipelineSettings } from "../start.ts";
import { latentEncoder } from "./latents.ts";
import { column, noiseLevels } from "./noise_levels.ts";
import type { Phase, PhaseContext } from "./phase.ts";
import { stageBObjective } from "./stage_b.ts";
import { frozenText, trainedText } from "./text_inputs.ts";

type StageBConfig = NonNullable<TrainingConfig["stageB"]>;

/** Starts phase 2. */
export async function stageBPhase(context: PhaseContext, own: StageBConfig): Promise<Phase> {
  const { config, configs, data, state, tokenizer, networks, scheduler } = context;
  const { batch } = own;
  const { threads } = config;
  const { width, height } = data.size;
  const pixels = input("pixels", "float32", [batch, config.data.channels, height, width]);
  const encoder = await latentEncoder(context);
  const [, , rows, columns] = encoder.shape;
  const multiple = configs.decoder.patch_size * 2 ** (configs.decoder.c_hidden.length - 1);
  if (rows % multiple !== 0 || columns % multiple !== 0) {
    throw new ConfigError(
      `Expected pictures whose latents have sides that divide by ${multiple} but found ${columns}×${rows} latents ` +
        `of ${width}×${height} px`,
    );
  }
  const isTrained = own.textEncoder === "trained";
  const objective = stageBObjective(configs.decoder, {
    batch,
    height: rows,
    width: columns,
    tokens: tokenizer.maxLength,
  }, {
    embed: () => embedForTraining(configs.compressor, pixels, pipelineSettings(config)),
    textEncoder: isTrained ? configs.decoder_text_encoder : undefined,
  });
  const text = isTrained ? trainedText(tokenizer) : await frozenText(
    { config: configs.decoder_text_encoder, tokenizer, weights: networks.get("decoder_text_encoder")! },
    { threads },
  );
  const embedding = scope("compressor", () => embedForTraining(configs.compressor, pixels, pipelineSettings(config)))
    .shape as number[];
  const { training: indices } = data.split(own);
  const loader = data.loader({ indices, batch, seed: config.seed + 1, state });
  return {
    name: "stageB",
    objective,
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
      const noised = chosen.map((u, i) => u < own.embeddingNoise ? scheduler.alphaCumprod(times[i]! / 2) : 1);
      return {
        pixels: images,
        latents: await encoder.encode(images, ids.map((id, i) => `${id}\n${backgrounds[i] ?? ""}`)),
        noise: draws.normal("noise", [batch, ...encoder.shape.slice(1)]),
        ...noiseLevels(draws, { batch, scheduler, config: own }),
        embedding_keep: column(keep.map((u) => u < own.embeddingDropout ? 0 : 1)),
        embedding_alpha_cumprod: column(noised),
        embedding_noise: draws.normal("embeddingNoise", embedding),
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
