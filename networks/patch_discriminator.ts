/**
 * PatchGAN discriminator for Stage A's adversarial loss: one logit for each patch, above 0 where it looks real
 * (pix2pix, https://arxiv.org/abs/1611.07004, §3.2.2 and §6.1.2; used for autoencoders by VQGAN, https://arxiv.org/abs/2012.09841, §3.1).
 *
 * The norm is over the channels of each cell. Batch norm would tie a logit to the other pictures of its batch, and spectral norm
 * carries a vector from step to step that a checkpoint and a resumed run would have to keep.
 * @module
 */
import { z } from "zod";
import { formatShape, GraphError, leakyRelu, mul, sub, type Value } from "../onnx/mod.ts";
import { count } from "./config.ts";
import { channelNorm, convolution, toChannelsFirst, toChannelsLast } from "./layers.ts";

/** Sizes of a patch discriminator. */
export const patchDiscriminatorConfig = z.object({
  in_channels: count.default(3),
  /** Channels of the first layer; each one after has twice as many, up to eight times these. */
  channels: count.default(64),
  /** Layers that halve the picture. A logit sees 16, 34, 70 or 142 pixels a side for 1, 2, 3 or 4 of them. */
  layers: count.default(3),
});

/** Sizes of a patch discriminator. */
export type PatchDiscriminatorConfig = z.output<typeof patchDiscriminatorConfig>;

/**
 * Judges pictures patch by patch.
 *
 * @param pixels 0…1, [b, in_channels, h, w]
 * @returns logits [b, 1, h', w'], h' = ⌊h/2^layers⌋ − 2
 */
export function patchDiscriminator(config: PatchDiscriminatorConfig, pixels: Value): Value {
  if (pixels.dim(1) !== config.in_channels) {
    throw new GraphError(`Expected pictures of ${config.in_channels} channels but found ${formatShape(pixels.shape)}`);
  }
  let x = toChannelsLast(sub(mul(pixels, 2), 1));
  for (let i = 0; i <= config.layers; i++) {
    const to = config.channels * Math.min(2 ** i, 8);
    const stride = i < config.layers ? 2 : 1;
    x = convolution(`layers.${i}`, x, { to, kernel: 4, stride, padding: 1 });
    if (i > 0) x = channelNorm(x);
    x = leakyRelu(x, { alpha: 0.2 });
  }
  return toChannelsFirst(convolution("out", x, { to: 1, kernel: 4, padding: 1 }));
}
