/**
 * Either semantic compressor: the small one of this project, or the EfficientNetV2-S one of the published models.
 * @module
 */
import { z } from "zod";
import type { Value } from "../onnx/mod.ts";
import { compressorInput } from "./compressor_input.ts";
import { efficientNetStride } from "./efficientnet_v2.ts";
import { semanticCompressor, type SemanticCompressorConfig, semanticCompressorConfig } from "./semantic_compressor.ts";
import {
  smallCompressor,
  type SmallCompressorConfig,
  smallCompressorConfig,
  smallCompressorStride,
} from "./small_compressor.ts";

/** Sizes of either compressor. */
export type CompressorConfig = SmallCompressorConfig | SemanticCompressorConfig;

/** `config.json` of either compressor; its `_class_name` says which one it is. */
export const compressorConfig: z.ZodType<CompressorConfig> = z.discriminatedUnion(
  "_class_name",
  [smallCompressorConfig, semanticCompressorConfig],
  {
    error: ({ code }) =>
      code === "invalid_union" ? "Expected WuerstchenSemanticCompressor or EfficientNetEncoder" : undefined,
  },
);

/** Pixels a cell of the embedding, along a side. */
export function compressorStride(config: CompressorConfig): number {
  return isPublished(config) ? efficientNetStride(config.backbone) : smallCompressorStride(config);
}

/** Channels of the pictures that it takes. */
export function compressorChannels(config: CompressorConfig): number {
  return isPublished(config) ? config.backbone.in_channels : config.in_channels;
}

/**
 * The embedding of pictures of any size, which are resized and normalised first.
 *
 * @param pixels 0…1, [b, c, h, w]
 * @param options.cells height and width of the embedding: that of Stage C's latent
 * @returns [b, c_latent, ...cells]
 */
export function embedPixels(
  config: CompressorConfig,
  pixels: Value,
  { cells: [height, width] }: { cells: readonly [height: number, width: number] },
): Value {
  const stride = compressorStride(config);
  const size = [stride * height, stride * width] as const;
  const x = compressorInput(pixels, { size, mean: config.image_mean, std: config.image_std });
  return isPublished(config) ? semanticCompressor(config, x) : smallCompressor(config, x);
}

function isPublished(config: CompressorConfig): config is SemanticCompressorConfig {
  return config._class_name === "EfficientNetEncoder";
}
