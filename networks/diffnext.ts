/**
 * Stage B: diffusion of the VQ latents, conditioned on Stage C's embedding and on text (`WuerstchenDiffNeXt`;
 * https://arxiv.org/abs/2306.00637, §3; diffusers' `modeling_wuerstchen_diffnext.py`).
 * @module
 */
import { z } from "zod";
import {
  add,
  chunk,
  concat,
  div,
  gemm,
  GraphError,
  matMul,
  mul,
  parameter,
  reshape,
  scope,
  sigmoid,
  sub,
  transpose,
  type Value,
} from "../onnx/mod.ts";
import { count, repeats } from "./config.ts";
import { bicubicResize } from "./interpolation.ts";
import {
  attentionBlock,
  channelNorm,
  channelwise,
  depthwise,
  linear,
  pixelShuffle,
  pixelUnshuffle,
  pointwise,
  timestepBlock,
  toChannelsLast,
} from "./layers.ts";
import { embeddingWidth, timestepEmbedding } from "./timestep_embedding.ts";

const levels = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(16);

/** `"CTA"`, or the same as a list of letters. */
const blockTypes = z.preprocess(
  (types) => Array.isArray(types) ? types.join("") : types,
  z.string().regex(/^[CTA]*$/, "Expected block types out of C, T and A"),
);

/** `config.json` of a `WuerstchenDiffNeXt`, with the class's defaults. */
export const diffNeXtConfig = z.object({
  c_in: count.default(4),
  c_out: count.default(4),
  c_r: embeddingWidth.default(64),
  patch_size: count.default(2),
  c_cond: count.default(1024),
  c_hidden: levels(count).default([320, 640, 1280, 1280]),
  nhead: levels(z.int()).default([-1, 10, 20, 20]),
  blocks: levels(repeats).default([4, 4, 14, 4]),
  level_config: levels(blockTypes).default(["CT", "CTA", "CTA", "CTA"]),
  inject_effnet: levels(z.boolean()).default([false, true, true, true]),
  effnet_embd: count.default(16),
  clip_embd: count.default(1024),
  kernel_size: count.default(3),
}).superRefine((config, context) => {
  for (const key of ["nhead", "blocks", "level_config", "inject_effnet"] as const) {
    if (config[key].length < config.c_hidden.length) {
      const message = `Expected an entry for each of the ${config.c_hidden.length} levels but found ${
        config[key].length
      }`;
      context.addIssue({ code: "custom", path: [key], message });
    }
  }
});

/** Sizes of a Stage B network. */
export type DiffNeXtConfig = z.output<typeof diffNeXtConfig>;

/** Inputs of Stage B. */
export interface DiffNeXtInputs {
  /** Noisy VQ latents [b, c_in, h, w]; h and w divide by patch_size·2^(levels − 1). */
  x: Value;
  /** Timesteps 0…1 [b]. */
  r: Value;
  /** Image embedding of Stage C [b, effnet_embd, n, m]. */
  effnet: Value;
  /** Text states [b, t, clip_embd]. */
  clip: Value;
}

/** ConvNeXt block of Stage B: the skip joins after the norm. x is [b, h, w, c], skip [b, h, w, c_skip]. */
export function stageBResBlock(x: Value, { kernel, skip }: { kernel: number; skip?: Value | undefined }): Value {
  const mixed = channelNorm(depthwise(x, { kernel }));
  const joined = skip ? concat([mixed, skip], { axis: 3 }) : mixed;
  return add(channelwise(joined, { channels: x.size(-1) }), x);
}

/** `Conv2d(kernel 2, stride 2)` as a matrix product over 2×2 patches: [b, 2h, 2w, c] → [b, h, w, to]. */
function downsample(x: Value, { to }: { to: number }): Value {
  const [b, h, w, c] = [x.dim(0), x.size(1), x.size(2), x.size(3)];
  const patches = transpose(reshape(channelNorm(x), [b, h / 2, 2, w / 2, 2, c]), [0, 1, 3, 5, 2, 4]);
  return scope("1", () => {
    const weight = reshape(parameter("weight", [to, c, 2, 2]), [to, c * 4]);
    const rows = gemm(reshape(patches, [-1, c * 4]), weight, { bias: parameter("bias", [to]) });
    return reshape(rows, [b, h / 2, w / 2, to]);
  });
}

/** `ConvTranspose2d(kernel 2, stride 2)` as a matrix product: [b, h, w, c] → [b, 2h, 2w, to]. */
function upsample(x: Value, { to }: { to: number }): Value {
  const [b, h, w, c] = [x.dim(0), x.size(1), x.size(2), x.size(3)];
  const rows = reshape(channelNorm(x), [-1, c]);
  return scope("1", () => {
    const weight = reshape(parameter("weight", [c, to, 2, 2]), [c, to * 4]);
    const patches = reshape(matMul(rows, weight), [b, h, w, to, 2, 2]);
    const spread = reshape(transpose(patches, [0, 1, 4, 2, 5, 3]), [b, 2 * h, 2 * w, to]);
    return add(spread, parameter("bias", [to]));
  });
}

/** One level's conditioning: Stage C's embedding, resampled to the level's size and mapped to c_cond channels. */
function mapEmbedding(
  config: DiffNeXtConfig,
  inputs: DiffNeXtInputs,
  { index, size }: { index: number; size: readonly [number, number] },
): Value {
  const resized = bicubicResize(inputs.effnet, size);
  return pointwise(`effnet_mappers.${index}`, toChannelsLast(resized), { to: config.c_cond });
}

/** The blocks of one level as the checkpoint numbers them. */
interface Level {
  /** Index of the level, 0 being the finest. */
  level: number;
  /** Scope path of the level's blocks: `down_blocks.2`. */
  path: string;
  /** Index of the first block in that path. */
  first: number;
  /** Index into `effnet_mappers`. */
  mapper: number;
  /** Output of the same level on the way down; joins the first block where that is a ConvNeXt block. */
  skip?: Value | undefined;
}

/** What every block of Stage B may be conditioned on. */
interface Conditions {
  inputs: DiffNeXtInputs;
  /** Whether there is an `effnet_mappers` entry of that index: for the levels down, then for those up. */
  mappers: readonly boolean[];
  embedding: Value;
  text: Value;
}

function runLevel(config: DiffNeXtConfig, { x, at, on }: { x: Value; at: Level; on: Conditions }): Value {
  const types = config.level_config[at.level]!.repeat(config.blocks[at.level]!);
  const injected = on.mappers[at.mapper]!;
  if (types.includes("C") && injected !== config.inject_effnet[at.level]) {
    throw new GraphError(
      `Expected effnet_mappers.${at.mapper} to follow inject_effnet at level ${at.level}: give it one entry a level`,
    );
  }
  const condition = injected
    ? mapEmbedding(config, on.inputs, { index: at.mapper, size: [x.size(1), x.size(2)] })
    : undefined;
  [...types].forEach((type, i) => {
    x = scope(`${at.path}.${at.first + i}`, () => {
      if (type === "T") return timestepBlock(x, on.embedding);
      if (type === "A") return attentionBlock(x, on.text, { heads: config.nhead[at.level]! });
      const skips = [i === 0 ? at.skip : undefined, condition].filter((value) => value !== undefined);
      const skip = skips.length > 0 ? concat(skips, { axis: 3 }) : undefined;
      return stageBResBlock(x, { kernel: config.kernel_size, skip });
    });
  });
  return x;
}

/**
 * Runs Stage B up to its two outputs a and b (`return_noise=False`).
 *
 * @returns a and b = σ(b)·(1 − 2e) + e with e = 10⁻³, each [b, c_out, h, w]
 * @throws {GraphError} where the latent's sides do not divide by patch_size·2^(levels − 1)
 */
export function diffNeXtOutputs(config: DiffNeXtConfig, inputs: DiffNeXtInputs): { a: Value; b: Value } {
  const depth = config.c_hidden.length;
  const multiple = config.patch_size * 2 ** (depth - 1);
  const [height, width] = [inputs.x.size(2), inputs.x.size(3)];
  if (height % multiple !== 0 || width % multiple !== 0) {
    throw new GraphError(`Expected latents whose sides divide by ${multiple} but found ${height} × ${width}`);
  }
  const embedding = timestepEmbedding(inputs.r, { channels: config.c_r });
  const mapped = linear("clip_mapper", inputs.clip, { to: config.c_cond });
  const text = scope("seq_norm", () => channelNorm(mapped));
  const mappers = [...config.inject_effnet, ...config.inject_effnet.toReversed()];
  // With more entries than levels some mappers belong to no level; they are in the checkpoint all the same.
  mappers.forEach((injected, index) => injected && mapEmbedding(config, inputs, { index, size: [1, 1] }));
  const on = { inputs, mappers, embedding, text };

  let x = scope("embedding", () => {
    const patches = pixelUnshuffle(inputs.x, config.patch_size);
    return channelNorm(pointwise("1", patches, { to: config.c_hidden[0]! }));
  });
  const skips: Value[] = [];
  for (let level = 0; level < depth; level++) {
    const path = `down_blocks.${level}`;
    if (level > 0) x = scope(`${path}.0`, () => downsample(x, { to: config.c_hidden[level]! }));
    x = runLevel(config, { x, at: { level, path, first: level > 0 ? 1 : 0, mapper: level }, on });
    skips.push(x);
  }
  for (let level = depth - 1; level >= 0; level--) {
    const index = depth - 1 - level;
    const path = `up_blocks.${index}`;
    const skip = index > 0 ? skips[level] : undefined;
    x = runLevel(config, { x, at: { level, path, first: 0, mapper: depth + index, skip }, on });
    const blocks = config.level_config[level]!.length * config.blocks[level]!;
    if (level > 0) x = scope(`${path}.${blocks}`, () => upsample(x, { to: config.c_hidden[level - 1]! }));
  }
  const channels = 2 * config.c_out * config.patch_size ** 2;
  const normed = channelNorm(x);
  const out = scope("clf", () => pixelShuffle(pointwise("1", normed, { to: channels }), config.patch_size));
  const [a, b] = chunk(out, 2, { axis: 1 });
  const e = 1e-3;
  return { a: a!, b: add(mul(sigmoid(b!), 1 - 2 * e), e) };
}

/** Predicts the noise ε = (x − a) / b in Stage B's latents: [b, c_in, h, w]. */
export function wuerstchenDiffNeXt(config: DiffNeXtConfig, inputs: DiffNeXtInputs): Value {
  const { a, b } = diffNeXtOutputs(config, inputs);
  return div(sub(inputs.x, a), b);
}
