/**
 * A small semantic compressor for models that are trained from nothing: a few ConvNeXt levels, where the published one is an
 * EfficientNetV2-S of 20 M parameters that starts from ImageNet's weights.
 *
 * It is trained with Stage B alone, by Stage B's own loss: the embedding is what conditions the noise prediction, so the gradient that
 * reaches it asks for what a picture's latents cannot be guessed without. In training the embedding is zeroed for 5 % of the
 * pictures, and noised with t ≤ 1/2 for 30 % of the others, so that Stage B also works unconditionally and with Stage C's imperfect
 * embeddings (`train_stage_B.py` of dome272/Wuerstchen). Afterwards it is frozen, and Stage C learns its embeddings.
 *
 * The embedding has unit variance by construction: each cell is normed over its channels, last of all. Stage C's diffusion starts
 * from unit noise and needs data of that size. The published mapper ends in a BatchNorm for it, whose running statistics lag
 * behind while it is trained and are a second, hidden state of a run; a norm over channels is the same function in training and
 * afterwards, for any batch, and costs two of the sixteen degrees of freedom (a cell's mean and its length).
 * @module
 */
import { z } from "zod";
import { formatShape, GraphError, scope, type Value } from "../onnx/mod.ts";
import { count } from "./config.ts";
import { stageBResBlock } from "./diffnext.ts";
import { channelNorm, pixelUnshuffle, pointwise, toChannelsFirst } from "./layers.ts";

/** `config.json` of a `WuerstchenSemanticCompressor`. By default 32 pixels a cell, as in the published models. */
export const smallCompressorConfig = z.object({
  _class_name: z.literal("WuerstchenSemanticCompressor").default("WuerstchenSemanticCompressor"),
  in_channels: count.default(3),
  /** What is taken out of pixels 0…1 and what they are divided by: one number for all channels, or one a channel. */
  image_mean: z.array(z.number()).min(1).default([0.5]),
  image_std: z.array(z.number().positive()).min(1).default([0.5]),
  c_latent: count.min(2).default(16),
  /** Pixels of the first level's cells, along a side. */
  patch_size: count.default(4),
  /** Channels of each level; a level has half the cells of the one before, along a side. */
  c_hidden: z.array(count).min(1).default([64, 128, 256, 256]),
  /** Blocks of each level. */
  blocks: z.array(z.int().nonnegative()).min(1).default([1, 1, 2, 2]),
  kernel_size: count.refine((size) => size % 2 === 1, "Expected an odd number").default(3),
}).superRefine(({ blocks, c_hidden }, context) => {
  if (blocks.length !== c_hidden.length) {
    const message = `Expected an entry for each of the ${c_hidden.length} levels but found ${blocks.length}`;
    context.addIssue({ code: "custom", path: ["blocks"], message });
  }
});

/** Sizes of a small semantic compressor. */
export type SmallCompressorConfig = z.output<typeof smallCompressorConfig>;

/** Pixels a cell of the embedding, along a side. */
export function smallCompressorStride({ patch_size, c_hidden }: SmallCompressorConfig): number {
  return patch_size * 2 ** (c_hidden.length - 1);
}

/**
 * The embedding of a picture, with unit variance in each cell.
 *
 * @param x normalised pixels [b, in_channels, h, w], see {@linkcode compressorInput}; both sides divide by
 * {@linkcode smallCompressorStride}
 * @returns [b, c_latent, h/stride, w/stride]
 */
export function smallCompressor(config: SmallCompressorConfig, x: Value): Value {
  const stride = smallCompressorStride(config);
  if (x.dim(1) !== config.in_channels || x.size(2) % stride !== 0 || x.size(3) % stride !== 0) {
    throw new GraphError(
      `Expected pictures of ${config.in_channels} channels and sides that divide by ${stride} but found ` +
        formatShape(x.shape),
    );
  }
  let cells = pixelUnshuffle(x, config.patch_size);
  config.c_hidden.forEach((to, level) => {
    cells = scope(`levels.${level}`, () => {
      const from = level === 0 ? cells : pixelUnshuffle(toChannelsFirst(cells), 2);
      let y = channelNorm(pointwise("embedding", from, { to }));
      for (let i = 0; i < config.blocks[level]!; i++) {
        y = scope(`blocks.${i}`, () => stageBResBlock(y, { kernel: config.kernel_size }));
      }
      return y;
    });
  });
  return toChannelsFirst(channelNorm(pointwise("mapper", cells, { to: config.c_latent })));
}
