/**
 * Stage A: the VQGAN between pixels and latents, four pixels a cell in the published model (`PaellaVQModel`;
 * https://arxiv.org/abs/2211.07292, §3.1; diffusers' `modeling_paella_vq_model.py`).
 * @module
 */
import { z } from "zod";
import {
  add,
  argMin,
  concat,
  constant,
  convTranspose,
  gather,
  gelu,
  gemm,
  mul,
  padEdge,
  parameter,
  reduceSum,
  reshape,
  scope,
  slice,
  sub,
  transpose,
  type Value,
} from "../onnx/mod.ts";
import { batchNorm, type Buffers } from "./batch_norm.ts";
import { count, repeats } from "./config.ts";
import {
  channelNorm,
  convolution,
  linear,
  pixelShuffle,
  pixelUnshuffle,
  pointwise,
  toChannelsFirst,
  toChannelsLast,
} from "./layers.ts";

/** `config.json` of a `PaellaVQModel`, with the class's defaults. */
export const paellaVqConfig = z.object({
  in_channels: count.default(3),
  out_channels: count.default(3),
  up_down_scale_factor: count.default(2),
  levels: count.max(16).default(2),
  bottleneck_blocks: repeats.default(12),
  embed_dim: count.default(384),
  latent_channels: count.default(4),
  num_vq_embeddings: count.default(8192),
  scale_factor: z.number().default(0.3764),
});

/** Sizes of a Stage A network. */
export type PaellaVqConfig = z.output<typeof paellaVqConfig>;

/** Channels of each level, level 0 being the finest. */
function channelsOf(config: PaellaVqConfig): number[] {
  return Array.from({ length: config.levels }, (_, i) => Math.floor(config.embed_dim / 2 ** (config.levels - 1 - i)));
}

/** Most parts that the pointwise half of a block is cut into: each is a handful of nodes, and there are dozens of blocks. */
const maxParts = 64;

/**
 * Residual block: depthwise 3×3, then pointwise, each after a norm; six trained scalars mix the parts. x is [b, h, w, c].
 *
 * @param options.cells see {@linkcode paellaDecode}
 */
export function mixingResidualBlock(x: Value, { cells = Infinity }: { cells?: number } = {}): Value {
  const channels = x.size(-1);
  const gammas = parameter("gammas", [6]);
  const [scale1, shift1, mix1, scale2, shift2, mix2] = Array.from(
    { length: 6 },
    (_, i) => gather(gammas, constant("int64", [1], BigInt64Array.of(BigInt(i)))),
  ) as [Value, Value, Value, Value, Value, Value];
  const padded = padEdge(channelNorm(x, { scale: add(scale1, 1), shift: shift1 }), { 1: 1, 2: 1 });
  const spatial = convolution("depthwise.1", padded, { to: channels, kernel: 3, groups: channels });
  x = add(x, mul(spatial, mix1));
  const parts = Math.min(maxParts, Math.max(1, Math.floor(x.size(1) * x.size(2) / cells)));
  return inParts(x, parts, (x) => {
    const normed = channelNorm(x, { scale: add(scale2, 1), shift: shift2 });
    const wide = gelu(linear("channelwise.0", normed, { to: channels * 4 }));
    return add(x, mul(linear("channelwise.2", wide, { to: channels }), mix2));
  });
}

/** Applies `map`, which treats every cell alone, to `parts` strips of rows one after the other; x is [b, h, w, c]. */
function inParts(x: Value, parts: number, map: (strip: Value) => Value): Value {
  const height = x.size(1);
  const edges = [...new Set(Array.from({ length: parts + 1 }, (_, i) => Math.round(i * height / parts)))];
  const strips = edges.slice(1).map((end, i) => map(slice(x, { axis: 1, start: edges[i]!, end })));
  return concat(strips, { axis: 1 });
}

/**
 * Decodes latents to pixels: [b, latent_channels, h, w], already multiplied by `scale_factor`, to
 * [b, out_channels, h·f, w·f] with f = up_down_scale_factor·2^(levels − 1). The codebook is skipped; nothing is clamped.
 *
 * @param options.cells how many cells of a picture the blocks widen to four times their channels at a time, about: the result
 * does not depend on it, but a strip that fits the processor's cache is faster, and needs less memory, than a whole picture
 */
export function paellaDecode(config: PaellaVqConfig, latents: Value, options: { cells?: number } = {}): Value {
  const channels = channelsOf(config);
  let index = 0;
  let x = scope(`up_blocks.${index++}`, () => pointwise("0", toChannelsLast(latents), { to: channels.at(-1)! }));
  for (let level = config.levels - 1; level >= 0; level--) {
    const blocks = level === config.levels - 1 ? config.bottleneck_blocks : 1;
    for (let i = 0; i < blocks; i++) x = scope(`up_blocks.${index++}`, () => mixingResidualBlock(x, options));
    if (level > 0) x = scope(`up_blocks.${index++}`, () => upsample(x, { to: channels[level - 1]! }));
  }
  const pixels = config.out_channels * config.up_down_scale_factor ** 2;
  return pixelShuffle(pointwise("out_block.0", x, { to: pixels }), config.up_down_scale_factor);
}

/**
 * How many cells around a latent cell {@linkcode paellaDecode} takes into account for its pixels: the halo of a tile. A block reaches one
 * cell of its level, and a pixel of the 4×4 transposed convolution one cell beyond half of what is wanted of its result.
 */
export function paellaReach(
  { levels, bottleneck_blocks }: Pick<PaellaVqConfig, "levels" | "bottleneck_blocks">,
): number {
  let reach = levels === 1 ? bottleneck_blocks : 1;
  for (let level = 1; level < levels; level++) {
    reach = Math.floor(reach / 2) + 1 + (level === levels - 1 ? bottleneck_blocks : 1);
  }
  return reach;
}

/** `ConvTranspose2d(kernel 4, stride 2, padding 1)`: [b, h, w, c] → [b, 2h, 2w, to]. */
function upsample(x: Value, { to }: { to: number }): Value {
  const weight = parameter("weight", [x.size(-1), to, 4, 4]);
  const options = { bias: parameter("bias", [to]), stride: 2, padding: 1 };
  return toChannelsLast(convTranspose(toChannelsFirst(x), weight, options));
}

/**
 * Encodes pixels 0…1 [b, in_channels, H, W] to latents [b, latent_channels, H/f, W/f]; Stage B's are these / `scale_factor`.
 *
 * @param options.buffers makes it the training mode, see {@linkcode batchNorm}
 */
export function paellaEncode(config: PaellaVqConfig, pixels: Value, { buffers }: { buffers?: Buffers } = {}): Value {
  const channels = channelsOf(config);
  const patches = pixelUnshuffle(pixels, config.up_down_scale_factor);
  let x = pointwise("in_block.1", patches, { to: channels[0]! });
  let index = 0;
  channels.forEach((to, level) => {
    if (level > 0) {
      x = convolution(`down_blocks.${index++}`, x, { to, kernel: 4, stride: 2, padding: 1 });
    }
    x = scope(`down_blocks.${index++}`, () => mixingResidualBlock(x));
  });
  return scope(`down_blocks.${index}`, () => {
    const latents = toChannelsFirst(pointwise("0", x, { to: config.latent_channels, bias: false }));
    return batchNorm("1", latents, { epsilon: 1e-5, buffers });
  });
}

/**
 * Replaces each latent vector by the nearest row of the codebook.
 *
 * @param latents [b, latent_channels, h, w]
 * @returns `quantized`, of the same shape, and `codes`: int64 [b, h, w]
 */
export function paellaQuantize(config: PaellaVqConfig, latents: Value): { quantized: Value; codes: Value } {
  const [b, c, h, w] = [latents.dim(0), config.latent_channels, latents.size(2), latents.size(3)];
  const codebook = scope("vquantizer.embedding", () => parameter("weight", [config.num_vq_embeddings, c]));
  const rows = reshape(toChannelsLast(latents), [-1, c]);
  // ‖z − e‖² = ‖z‖² − 2·z·e + ‖e‖²; the first term is the same for every code.
  const lengths = transpose(reduceSum(mul(codebook, codebook), { axes: [1] }), [1, 0]);
  const codes = argMin(sub(lengths, mul(gemm(rows, codebook), 2)), { axis: 1 });
  const grid = reshape(codes, [b, h, w]);
  return { quantized: toChannelsFirst(gather(codebook, grid)), codes: grid };
}
