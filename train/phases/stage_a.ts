/**
 * Phase 1, Stage A: a VQGAN that learns to reconstruct pictures through a codebook
 * (https://arxiv.org/abs/1711.00937, eq. 3; https://arxiv.org/abs/2012.09841, eq. 5; `train_stage_A` of dome272/Paella).
 * @module
 */
import type { Buffers } from "../../networks/batch_norm.ts";
import { paellaDecode, paellaEncode, paellaQuantize, type PaellaVqConfig } from "../../networks/paella_vq.ts";
import { abs, add, input, mul, scope, stopGradient, straightThrough, sub } from "../../onnx/mod.ts";
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

/** Settings of the original: β = 0.25. */
export const stageAWeights: StageAWeights = { squared: 1, absolute: 0, codebook: 1, commitment: 0.25 };

/**
 * The loss of Stage A.
 *
 * Inputs of the graph: `pixels` [b, c, h, w] in 0…1; `quantize` [b], 1 for a picture that goes through the codebook and 0 for
 * one that is decoded from its latents as they are, which is what Stage B's latents will be. Parameters are under `vqgan`.
 */
export function stageAObjective(
  config: PaellaVqConfig,
  { batch, height, width }: StageABatch,
  { weights = stageAWeights }: { weights?: StageAWeights } = {},
): Objective {
  const buffers: Buffers = new Map();
  const pixels = input("pixels", "float32", [batch, config.in_channels, height, width]);
  const chosen = perPicture("quantize", batch);
  return scope("vqgan", () => {
    const latents = paellaEncode(config, pixels, { buffers });
    const { quantized } = paellaQuantize(config, latents);
    const snapped = straightThrough(latents, quantized);
    const decoded = paellaDecode(config, add(latents, mul(chosen, sub(snapped, latents))));
    const squared = meanSquaredError(decoded, pixels);
    const absolute = mean(abs(sub(decoded, pixels)));
    const codebook = meanSquaredError(quantized, stopGradient(latents));
    const commitment = meanSquaredError(latents, stopGradient(quantized));
    const loss = add(
      add(mul(squared, weights.squared), mul(absolute, weights.absolute)),
      add(mul(codebook, weights.codebook), mul(commitment, weights.commitment)),
    );
    return { loss, metrics: { squared, absolute, codebook, commitment }, buffers };
  });
}
