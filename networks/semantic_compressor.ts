/**
 * The semantic compressor of the published models: EfficientNetV2 features mapped to 16 channels, 32 pixels a cell
 * (https://arxiv.org/abs/2306.00637, §3.1; `EfficientNetEncoder` of dome272/Wuerstchen and Stability-AI/StableCascade).
 *
 * Stage B is conditioned on its embedding, and Stage C learns to make it from text.
 * @module
 */
import { z } from "zod";
import { scope, type Value } from "../onnx/mod.ts";
import { convolutionNorm } from "./batch_norm.ts";
import { count } from "./config.ts";
import { efficientNetV2, efficientNetV2Config } from "./efficientnet_v2.ts";

/** `config.json` of an `EfficientNetEncoder`, by default that of Würstchen v2. Stable Cascade's has `"affine": false`. */
export const semanticCompressorConfig = z.object({
  _class_name: z.literal("EfficientNetEncoder").default("EfficientNetEncoder"),
  /** Mean and deviation of pixels 0…1, a number a channel; by default ImageNet's, which torchvision's weights expect. */
  image_mean: z.array(z.number()).min(1).default([0.485, 0.456, 0.406]),
  image_std: z.array(z.number().positive()).min(1).default([0.229, 0.224, 0.225]),
  c_latent: count.default(16),
  /** Whether the mapper's BatchNorm has a trained weight and bias. */
  affine: z.boolean().default(true),
  backbone: efficientNetV2Config.prefault({}),
});

/** Sizes of a semantic compressor. */
export type SemanticCompressorConfig = z.output<typeof semanticCompressorConfig>;

/**
 * The embedding of a picture as Stage B takes it; {@linkcode stageCTarget} makes of it what Stage C learns.
 *
 * @param x normalised pixels [b, in_channels, h, w], see {@linkcode compressorInput}
 * @returns [b, c_latent, n, m], 32 pixels a cell
 */
export function semanticCompressor(config: SemanticCompressorConfig, x: Value): Value {
  const features = scope("backbone", () => efficientNetV2(config.backbone, x));
  return scope("mapper", () => {
    return convolutionNorm(features, { to: config.c_latent, epsilon: 1e-5, affine: config.affine });
  });
}
