/**
 * Phase 1, Stage A: a VQGAN that learns to reconstruct pictures through a codebook
 * (https://arxiv.org/abs/1711.00937, eq. 3; https://arxiv.org/abs/2012.09841, eq. 5; `train_stage_A` of dome272/Paella).
 * @module
 */
import type { Buffers } from "../../networks/batch_norm.ts";
import { paellaDecode, paellaEncode, paellaQuantize, type PaellaVqConfig } from "../../networks/paella_vq.ts";
import { abs, add, input, mul, relu, scope, stopGradient, straightThrough, sub, type Value } from "../../onnx/mod.ts";
import { patchDiscriminator, type PatchDiscriminatorConfig } from "../../networks/patch_discriminator.ts";
import { mean, meanSquaredError, type Objective, perPicture } from "./objective.ts";

/** Sizes of a batch of pictures. */
export interface StageABatch {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/** Weights of the parts of the loss. */
export interface StageAWeights {
  /** Mean squared error of the pixels. */
  readonly squared: number;
  /** Mean absolute error of the pixels: sharper edges. */
  readonly absolute: number;
  /** Pulls the codebook's rows to the latents that they stand for. */
  readonly codebook: number;
  /** Pulls the latents to their row; β of the paper. */
  readonly commitment: number;
}

/**
 * What the norm of the latents divides by: the batch's own statistics, as published, or the stored ones, which stay as they are. Those of
 * a small batch of flat pictures tell little of its colours, and blur what Stage A can learn of them.
 */
export type Statistics = "batch" | "stored";

/** Settings of the original: β = 0.25. */
export const stageAWeights: StageAWeights = { squared: 1, absolute: 0, codebook: 1, commitment: 0.25 };

/** Pictures through the encoder, the codebook where `quantize` is 1, and the decoder. */
function reconstruct(
  config: PaellaVqConfig,
  pixels: Value,
  { quantize, buffers }: { quantize: Value; buffers?: Buffers | undefined },
) {
  const latents = paellaEncode(config, pixels, buffers ? { buffers } : {});
  const { quantized } = paellaQuantize(config, latents);
  const snapped = straightThrough(latents, quantized);
  const decoded = paellaDecode(config, add(latents, mul(quantize, sub(snapped, latents))));
  return { latents, quantized, decoded };
}

/**
 * The loss of Stage A.
 *
 * Inputs of the graph: `pixels` [b, c, h, w] in 0…1; `quantize` [b], 1 for a picture that goes through the codebook and 0 for
 * one that is decoded from its latents as they are, which is what Stage B's latents will be. Parameters are under `vqgan`.
 *
 * @param options.discriminator adds −D(reconstruction), of a network under `discriminator` that is trained elsewhere
 * (https://arxiv.org/abs/1705.02894, eq. 4), times the input `adversarial_weight` [], 0 as long as it is to wait
 */
export function stageAObjective(
  config: PaellaVqConfig,
  { batch, height, width }: StageABatch,
  { weights = stageAWeights, discriminator, statistics = "batch" }: {
    weights?: StageAWeights;
    discriminator?: PatchDiscriminatorConfig | undefined;
    statistics?: Statistics;
  } = {},
): Objective {
  const buffers: Buffers = new Map();
  const pixels = input("pixels", "float32", [batch, config.in_channels, height, width]);
  const quantize = perPicture("quantize", batch);
  const { latents, quantized, decoded } = scope(
    "vqgan",
    () => reconstruct(config, pixels, { quantize, buffers: statistics === "batch" ? buffers : undefined }),
  );
  const squared = meanSquaredError(decoded, pixels);
  const absolute = mean(abs(sub(decoded, pixels)));
  const codebook = meanSquaredError(quantized, stopGradient(latents));
  const commitment = meanSquaredError(latents, stopGradient(quantized));
  const loss = add(
    add(mul(squared, weights.squared), mul(absolute, weights.absolute)),
    add(mul(codebook, weights.codebook), mul(commitment, weights.commitment)),
  );
  const metrics = { squared, absolute, codebook, commitment };
  if (!discriminator) return { loss, metrics, buffers };
  const judged = mean(scope("discriminator", () => patchDiscriminator(discriminator, decoded)));
  const adversarial = mul(sub(0, judged), input("adversarial_weight", "float32", []));
  return { loss: add(loss, adversarial), metrics: { ...metrics, judged }, buffers };
}

/**
 * The loss of Stage A's discriminator, the hinge loss mean(max(0, 1 − D(real))) + mean(max(0, 1 + D(made)))
 * (https://arxiv.org/abs/1705.02894, eq. 3). Inputs are those of {@linkcode stageAObjective}; what learns is under
 * `discriminator`, and `vqgan` stays as it is.
 */
export function discriminatorObjective(
  config: PaellaVqConfig,
  { batch, height, width }: StageABatch,
  { discriminator, statistics = "batch" }: { discriminator: PatchDiscriminatorConfig; statistics?: Statistics },
): Objective {
  const pixels = input("pixels", "float32", [batch, config.in_channels, height, width]);
  const quantize = perPicture("quantize", batch);
  const { decoded } = scope(
    "vqgan",
    () => reconstruct(config, pixels, { quantize, buffers: statistics === "batch" ? new Map() : undefined }),
  );
  const judge = (x: Value) => scope("discriminator", () => patchDiscriminator(discriminator, x));
  const real = mean(relu(sub(1, judge(pixels))));
  const made = mean(relu(add(judge(stopGradient(decoded)), 1)));
  return { loss: add(real, made), metrics: { real, made }, buffers: new Map() };
}
