/**
 * Phase 2, Stage B together with the semantic compressor: learns to denoise Stage A's latents, given the compressor's embedding
 * and text (https://arxiv.org/abs/2306.00637, §3; `train_stage_B.py` of dome272/Wuerstchen).
 * @module
 */
import { type DiffNeXtConfig, wuerstchenDiffNeXt } from "../../networks/diffnext.ts";
import type { TextEncoderConfig } from "../../networks/text_encoder.ts";
import { input, mul, scope, type Value } from "../../onnx/mod.ts";
import { addNoise, mean, type Objective, perPicture, squaredErrorByPicture } from "./objective.ts";
import { textStates } from "./stage_c.ts";

/** Sizes of a batch of latents. */
export interface StageBBatch {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  /** Text tokens. */
  readonly tokens: number;
}

/**
 * The loss of Stage B: the squared error of the predicted noise, each picture with a weight of its own.
 *
 * Inputs of the graph: `latents` and `noise` [b, c_in, h, w]; `t`, `alpha_cumprod`, `weight` [b]; `embedding_keep` [b], 0 where
 * the picture has to do without its embedding; `embedding_alpha_cumprod` [b], 1 where the embedding is not noised;
 * `embedding_noise`, of the embedding's shape; the text as for Stage C; and what `embed` reads.
 * Parameters are under `decoder`, `compressor` and `text_encoder`.
 *
 * @param options.embed builds the embedding [b, effnet_embd, n, m] of the pictures: the compressor, trained along
 */
export function stageBObjective(
  config: DiffNeXtConfig,
  { batch, height, width, tokens }: StageBBatch,
  { embed, textEncoder }: { embed: () => Value; textEncoder?: TextEncoderConfig | undefined },
): Objective {
  const shape = [batch, config.c_in, height, width];
  const latents = input("latents", "float32", shape);
  const noise = input("noise", "float32", shape);
  const noisy = addNoise(latents, noise, perPicture("alpha_cumprod", batch));
  const embedding = scope("compressor", embed);
  const embeddingNoise = input("embedding_noise", "float32", embedding.shape);
  const mixed = addNoise(embedding, embeddingNoise, perPicture("embedding_alpha_cumprod", batch));
  const effnet = mul(mixed, perPicture("embedding_keep", batch));
  const clip = textStates(textEncoder, { batch, tokens, width: config.clip_embd });
  const r = input("t", "float32", [batch]);
  const predicted = scope("decoder", () => wuerstchenDiffNeXt(config, { x: noisy, r, effnet, clip }));
  const error = squaredErrorByPicture(predicted, noise);
  const loss = mean(mul(error, input("weight", "float32", [batch])));
  return { loss, metrics: { error: mean(error) }, buffers: new Map() };
}
