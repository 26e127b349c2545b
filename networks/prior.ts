/**
 * Stage C: the text-conditional prior in the 42× compressed latent (`WuerstchenPrior`;
 * https://arxiv.org/abs/2306.00637, §3; diffusers' `modeling_wuerstchen_prior.py`).
 * @module
 */
import { z } from "zod";
import { abs, add, concat, div, leakyRelu, scope, sub, type Value } from "../onnx/mod.ts";
import { count, repeats } from "./config.ts";
import {
  attentionBlock,
  channelNorm,
  channelwise,
  depthwise,
  linear,
  pointwise,
  splitChannels,
  timestepBlock,
  toChannelsFirst,
  toChannelsLast,
} from "./layers.ts";
import { embeddingWidth, timestepEmbedding } from "./timestep_embedding.ts";

/** `config.json` of a `WuerstchenPrior`, with the class's defaults. */
export const priorConfig = z.object({
  c_in: count.default(16),
  c: count.default(1280),
  c_cond: count.default(1024),
  c_r: embeddingWidth.default(64),
  depth: repeats.default(16),
  nhead: z.int().default(16),
});

/** Sizes of a prior. */
export type PriorConfig = z.output<typeof priorConfig>;

/** ConvNeXt block of Stage C: a skip joins before the depthwise convolution. x is [b, h, w, c], skip [b, h, w, c_skip]. */
export function priorResBlock(x: Value, { skip }: { skip?: Value } = {}): Value {
  const channels = x.size(-1);
  const joined = skip ? concat([x, skip], { axis: 3 }) : x;
  const mixed = channelNorm(depthwise(joined, { to: channels, kernel: 3 }));
  return add(channelwise(mixed, { channels }), x);
}

/**
 * Predicts the noise ε in `x`.
 *
 * @param inputs.x noisy latents [b, c_in, h, w]
 * @param inputs.r timesteps 0…1 [b]
 * @param inputs.c text states [b, t, c_cond]
 * @returns (x − a) / (|1 − b| + 10⁻⁵) with [a, b] = out(…): [b, c_in, h, w]
 */
export function wuerstchenPrior(config: PriorConfig, inputs: { x: Value; r: Value; c: Value }): Value {
  const embedding = timestepEmbedding(inputs.r, { channels: config.c_r });
  const text = scope("cond_mapper", () => {
    const hidden = leakyRelu(linear("0", inputs.c, { to: config.c }), { alpha: 0.2 });
    return linear("2", hidden, { to: config.c });
  });
  let x = pointwise("projection", toChannelsLast(inputs.x), { to: config.c });
  for (let i = 0; i < config.depth; i++) {
    x = scope(`blocks.${3 * i}`, () => priorResBlock(x));
    x = scope(`blocks.${3 * i + 1}`, () => timestepBlock(x, embedding));
    x = scope(`blocks.${3 * i + 2}`, () => attentionBlock(x, text, { heads: config.nhead }));
  }
  const out = pointwise("out.1", channelNorm(x), { to: 2 * config.c_in });
  const [a, b] = splitChannels(out, 2).map(toChannelsFirst);
  return div(sub(inputs.x, a!), add(abs(sub(1, b!)), 1e-5));
}
