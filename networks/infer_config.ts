/**
 * Reads the sizes of a network out of the shapes of its weights, for files that come without a `config.json`.
 *
 * Shapes say nearly all. What they leave open is taken from a model that is like it, else from the published ones: how many heads
 * share the channels of attention (64 channels a head), and how pixels are folded into channels (2 × 2).
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { parseConfig } from "./config.ts";
import { type DiffNeXtConfig, diffNeXtConfig } from "./diffnext.ts";
import { type PaellaVqConfig, paellaVqConfig } from "./paella_vq.ts";
import { type PriorConfig, priorConfig } from "./prior.ts";
import { isDit, type StageCConfig } from "./stage_c.ts";

/** Shapes by the names that diffusers gives the tensors. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** Options of the functions of this module. */
export interface InferOptions<Config> {
  /** The file, for messages. */
  readonly file: string;
  /** Sizes of a model that is probably like it. */
  readonly like?: Config | undefined;
}

/** Channels of a head in the published models. */
const headWidth = 64;

/** Shape of a tensor that every such network has. */
function shapeOf(shapes: Shapes, key: string, file: string): readonly number[] {
  const shape = shapes.get(key);
  if (!shape) throw new CheckpointError(`${file}: there is no tensor "${key}", so its sizes cannot be told`);
  return shape;
}

/** How many there are of `prefix.0`, `prefix.1`, … */
function countOf(shapes: Shapes, prefix: string): number {
  const numbers = [...shapes.keys()].filter((key) => key.startsWith(`${prefix}.`)).map((key) =>
    Number.parseInt(key.slice(prefix.length + 1))
  );
  return 1 + Math.max(-1, ...numbers);
}

function headsOf(channels: number, like: { channels: number; heads: number } | undefined, file: string): number {
  if (like?.channels === channels) return like.heads;
  if (channels % headWidth === 0) return channels / headWidth;
  throw new CheckpointError(
    `${file}: its weights do not say how many heads share ${channels} channels; give the config.json, or the model, that it belongs to`,
  );
}

/**
 * Sizes of Stage C.
 *
 * @throws {CheckpointError} where a tensor is missing that says one, or the number of heads cannot be told
 */
export function inferPriorConfig(shapes: Shapes, { file, like }: InferOptions<PriorConfig>): PriorConfig {
  const [c, c_in] = shapeOf(shapes, "projection.weight", file);
  return parseConfig(priorConfig, {
    c,
    c_in,
    c_cond: shapeOf(shapes, "cond_mapper.0.weight", file)[1],
    c_r: shapeOf(shapes, "blocks.1.mapper.weight", file)[1],
    depth: Math.floor(countOf(shapes, "blocks") / 3),
    nhead: headsOf(c!, like && { channels: like.c, heads: like.nhead }, file),
  }, { file });
}

/**
 * Sizes of either Stage C; those of the transformer are taken from `like`, whose heads its tensors do not say.
 *
 * @throws {CheckpointError} where they cannot be told
 */
export function inferStageCConfig(shapes: Shapes, { file, like }: InferOptions<StageCConfig>): StageCConfig {
  if (!shapes.has("out.projection.weight")) {
    return inferPriorConfig(shapes, { file, like: like && !isDit(like) ? like : undefined });
  }
  if (like && isDit(like)) return like;
  throw new CheckpointError(`${file}: a transformer's number of heads is not in its weights; give its config.json`);
}

/** `CT` and 4 of `CTCTCTCT`. */
function repeated(types: string): readonly [unit: string, times: number] {
  for (let length = 1; length <= types.length; length++) {
    const unit = types.slice(0, length);
    if (unit.repeat(types.length / length) === types) return [unit, types.length / length];
  }
  return ["", 0];
}

/**
 * Sizes of Stage B.
 *
 * @throws {CheckpointError} where a tensor is missing that says one, or the number of heads cannot be told
 */
export function inferDiffNeXtConfig(shapes: Shapes, { file, like }: InferOptions<DiffNeXtConfig>): DiffNeXtConfig {
  const patch_size = like?.patch_size ?? 2;
  const [width, folded] = shapeOf(shapes, "embedding.1.weight", file);
  const [c_cond, clip_embd] = shapeOf(shapes, "clip_mapper.weight", file);
  const find = (pattern: RegExp) => [...shapes].find(([key]) => pattern.test(key))?.[1];
  const levels = Array.from({ length: countOf(shapes, "down_blocks") }, (_, level) => {
    const path = `down_blocks.${level}`;
    const channels = level === 0 ? width! : shapeOf(shapes, `${path}.0.1.weight`, file)[0]!;
    const first = level === 0 ? 0 : 1;
    const types = Array.from({ length: countOf(shapes, path) - first }, (_, i) => {
      if (shapes.has(`${path}.${first + i}.depthwise.weight`)) return "C";
      return shapes.has(`${path}.${first + i}.mapper.weight`) ? "T" : "A";
    }).join("");
    const known = like?.c_hidden[level] === undefined
      ? undefined
      : { channels: like.c_hidden[level], heads: like.nhead[level]! };
    const [unit, times] = repeated(types);
    return {
      channels,
      unit,
      times,
      heads: types.includes("A") ? headsOf(channels, known, file) : -1,
      injected: shapes.has(`effnet_mappers.${level}.weight`),
    };
  });
  return parseConfig(diffNeXtConfig, {
    patch_size,
    c_in: folded! / patch_size ** 2,
    c_out: shapeOf(shapes, "clf.1.weight", file)[0]! / (2 * patch_size ** 2),
    c_cond,
    clip_embd,
    c_r: find(/^down_blocks\.\d+\.\d+\.mapper\.weight$/)?.[1],
    effnet_embd: find(/^effnet_mappers\.\d+\.weight$/)?.[1],
    kernel_size: find(/\.depthwise\.weight$/)?.[2],
    c_hidden: levels.map(({ channels }) => channels),
    nhead: levels.map(({ heads }) => heads),
    blocks: levels.map(({ times }) => times),
    level_config: levels.map(({ unit }) => unit),
    inject_effnet: levels.map(({ injected }) => injected),
  }, { file });
}

/**
 * Sizes of Stage A.
 *
 * @throws {CheckpointError} where a tensor is missing that says one
 */
export function inferPaellaVqConfig(shapes: Shapes, { file, like }: InferOptions<PaellaVqConfig>): PaellaVqConfig {
  const { up_down_scale_factor: fold, scale_factor } = like ?? paellaVqConfig.parse({});
  const upsamples = [...shapes].filter(([key, shape]) => /^up_blocks\.\d+\.weight$/.test(key) && shape.length === 4);
  const places = upsamples.map(([key]) => Number(key.split(".")[1]));
  const [embed_dim, latent_channels] = shapeOf(shapes, "up_blocks.0.0.weight", file);
  return parseConfig(paellaVqConfig, {
    up_down_scale_factor: fold,
    scale_factor,
    in_channels: shapeOf(shapes, "in_block.1.weight", file)[1]! / fold ** 2,
    out_channels: shapeOf(shapes, "out_block.0.weight", file)[0]! / fold ** 2,
    levels: places.length + 1,
    bottleneck_blocks: Math.min(countOf(shapes, "up_blocks"), ...places) - 1,
    embed_dim,
    latent_channels,
    num_vq_embeddings: shapeOf(shapes, "vquantizer.embedding.weight", file)[0],
  }, { file });
}
