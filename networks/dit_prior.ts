/**
 * Another Stage C: a diffusion transformer, where Würstchen's own mixes convolutions and attention.
 *
 * Cells of the latent are tokens with a fixed two-dimensional position. Each block is self-attention, cross-attention over the text and
 * an MLP, and the timestep enters by norms whose scale, shift and gate it sets (adaLN-Zero; Peebles and Xie 2023,
 * https://arxiv.org/abs/2212.09748, §3.2). One layer makes these six vectors for all blocks, and each block adds a table of its own
 * (adaLN-single; Chen et al. 2024, https://arxiv.org/abs/2310.00426, §2.3), which saves a third of the weights.
 * @module
 */
import { z } from "zod";
import { add, constant, gelu, mul, parameter, reshape, scope, silu, type Value } from "../onnx/mod.ts";
import { count, repeats } from "./config.ts";
import { attention, channelNorm, linear, splitChannels, toChannelsFirst, toChannelsLast } from "./layers.ts";
import { embeddingWidth, timestepEmbedding } from "./timestep_embedding.ts";

/** `config.json` of a `WuerstchenDiTPrior`. */
export const ditPriorConfig = z.object({
  _class_name: z.literal("WuerstchenDiTPrior").default("WuerstchenDiTPrior"),
  c_in: count.default(16),
  c: count.refine((width) => width % 4 === 0, "Expected a number that divides by 4, for sines and cosines of two axes")
    .default(768),
  c_cond: count.default(1024),
  c_r: embeddingWidth.default(64),
  depth: repeats.default(12),
  nhead: count.default(12),
  /** Channels inside an MLP, in multiples of `c`. */
  mlp_ratio: count.default(4),
});

/** Sizes of a transformer prior. */
export type DitPriorConfig = z.output<typeof ditPriorConfig>;

/**
 * Positions of a grid [1, height·width, channels], row by row: for each axis sines, then cosines, of the position times 10000^(−k/n) for
 * k = 0 … n − 1, with n = channels / 4 (`get_2d_sincos_pos_embed` of facebookresearch/DiT: columns first, then rows).
 */
export function gridPositions(
  { height, width, channels }: { height: number; width: number; channels: number },
): Float32Array {
  const n = channels / 4;
  const positions = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * channels;
      for (let k = 0; k < n; k++) {
        const frequency = 10_000 ** (-k / n);
        positions[at + k] = Math.sin(x * frequency);
        positions[at + n + k] = Math.cos(x * frequency);
        positions[at + 2 * n + k] = Math.sin(y * frequency);
        positions[at + 3 * n + k] = Math.cos(y * frequency);
      }
    }
  }
  return positions;
}

/** norm(x)·(1 + scale) + shift; x [b, n, c], the others [b, 1, c]. */
function modulate(x: Value, { scale, shift }: { scale: Value; shift: Value }): Value {
  return add(mul(channelNorm(x), add(scale, 1)), shift);
}

/** What the timestep sets in one place: `count` vectors [b, 1, c] out of the shared ones [b, 1, count·c], plus the table of the place. */
function modulation(shared: Value, { parts }: { parts: number }): Value[] {
  const table = reshape(parameter("table", [parts, shared.size(-1) / parts]), [1, 1, shared.size(-1)]);
  return splitChannels(add(shared, table), parts);
}

/** One block: x [b, n, c], text [b, t, c], shared modulation [b, 1, 6c]. */
export function ditBlock(
  x: Value,
  { text, shared, heads, ratio }: { text: Value; shared: Value; heads: number; ratio: number },
): Value {
  const channels = x.size(-1);
  const [shift1, scale1, gate1, shift2, scale2, gate2] = modulation(shared, { parts: 6 });
  const own = modulate(x, { scale: scale1!, shift: shift1! });
  const mixed = add(x, mul(attention(own, own, { heads }), gate1!));
  const told = add(mixed, scope("cross", () => attention(channelNorm(mixed), text, { heads })));
  const inner = scope("mlp", () => {
    const wide = gelu(linear("0", modulate(told, { scale: scale2!, shift: shift2! }), { to: ratio * channels }));
    return linear("2", wide, { to: channels });
  });
  return add(told, mul(inner, gate2!));
}

/**
 * Predicts the noise ε in `x`.
 *
 * @param inputs.x noisy latents [b, c_in, h, w]
 * @param inputs.r timesteps 0…1 [b]
 * @param inputs.c text states [b, t, c_cond]
 * @returns [b, c_in, h, w]
 */
export function ditPrior(config: DitPriorConfig, inputs: { x: Value; r: Value; c: Value }): Value {
  const { c: channels, nhead: heads, mlp_ratio: ratio } = config;
  const time = scope("time_mapper", () => {
    const hidden = silu(linear("0", timestepEmbedding(inputs.r, { channels: config.c_r }), { to: channels }));
    return silu(linear("2", hidden, { to: channels }));
  });
  const text = scope("cond_mapper", () => {
    const hidden = gelu(linear("0", inputs.c, { to: channels }));
    return linear("2", hidden, { to: channels });
  });
  const vectors = (name: string, parts: number) =>
    reshape(linear(name, time, { to: parts * channels }), [time.dim(0), 1, parts * channels]);
  const shared = vectors("modulation", 6);
  const cells = toChannelsLast(inputs.x);
  const [height, width] = [cells.size(1), cells.size(2)];
  const tokens = reshape(cells, [cells.dim(0), height * width, config.c_in]);
  const positions = constant("float32", [1, height * width, channels], gridPositions({ height, width, channels }));
  let x = add(linear("embedding", tokens, { to: channels }), positions);
  for (let i = 0; i < config.depth; i++) x = scope(`blocks.${i}`, () => ditBlock(x, { text, shared, heads, ratio }));
  return scope("out", () => {
    const [shift, scale] = modulation(vectors("modulation", 2), { parts: 2 });
    const noise = linear("projection", modulate(x, { scale: scale!, shift: shift! }), { to: config.c_in });
    return toChannelsFirst(reshape(noise, cells.shape));
  });
}
