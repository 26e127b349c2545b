/**
 * Makes a LoRA of what two models differ by.
 * @module
 */
import { CheckpointError, ConfigError } from "../errors.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { toFloat32 } from "../weights/cast.ts";
import type { LoraNetwork } from "../weights/lora_keys.ts";
import { writeLora } from "../weights/lora_writer.ts";
import { approximate } from "../weights/low_rank.ts";
import { quoteSome } from "../weights/quote.ts";
import { findNetworks, type NetworkSource } from "./convert_model.ts";
import { countWeights, type WeightsJob } from "./weights_job.ts";

/** How a LoRA is extracted, and who watches. */
export interface ExtractOptions extends WeightsJob {
  /** Rank of each change, from 1. */
  readonly rank: number;
  /** Weights to read where a network has them, such as `fp16`. */
  readonly variant?: string | undefined;
  /** Replaces a file that exists. */
  readonly force?: boolean | undefined;
}

/** What an extracted LoRA holds. */
export interface ExtractedLora {
  /** Layers that it changes. */
  readonly layers: number;
  /** Share of the layers' change (of its squared length) that it holds, 0 to 1. */
  readonly kept: number;
  /** Tensors that changed and cannot be in a LoRA: biases, norms, kernels and embeddings. */
  readonly leftOut: readonly string[];
}

/** How diffusers names the networks of a LoRA. */
const prefixes: Readonly<Record<LoraNetwork, string>> = {
  prior: "prior",
  prior_text_encoder: "text_encoder",
  decoder: "decoder",
};

const maxRank = 1024;

/**
 * Writes a LoRA in diffusers' keys whose sum with `base` is as near to `tuned` as its rank allows: for each linear layer (and 1×1
 * convolution) that changed, the largest singular values of the difference.
 *
 * @param base a file of weights, a network's folder or a model
 * @param tuned the same of the changed one
 * @throws {CheckpointError} where one is damaged, they have no network in common, or their shapes differ
 * @throws {ConfigError} where the rank is out of its range, nothing differs, or `path` exists
 */
export async function extractLora(
  { base, tuned, path }: { base: string; tuned: string; path: string },
  { rank, variant, force = false, ...job }: ExtractOptions,
): Promise<ExtractedLora> {
  if (!Number.isSafeInteger(rank) || rank < 1 || rank > maxRank) {
    throw new ConfigError(`Expected a rank from 1 to ${maxRank} but found ${rank}`);
  }
  const [from, to] = await Promise.all([findNetworks(base, { variant }), findNetworks(tuned, { variant })]);
  const pairs = to.flatMap((after) => {
    const before = after.lora && from.find(({ lora }) => lora === after.lora);
    return before ? [{ network: after.lora!, before, after }] : [];
  });
  if (pairs.length === 0) {
    throw new CheckpointError(`${tuned}: Expected a network that a LoRA can change and that ${base} has too`);
  }
  const keys = pairs.flatMap((pair) => {
    checkSameShapes(pair, { base, tuned });
    return [...pair.after.checkpoint.tensors].map(([key, { shape }]) => ({ ...pair, key, size: sizeOf(shape) }));
  });
  const count = countWeights(keys.reduce((sum, { size }) => sum + size, 0), job);
  const factors = new Map<string, Tensor>();
  const leftOut: string[] = [];
  let [whole, held, behind] = [0, 0, 0];
  for (const { network, before, after, key, size } of keys) {
    count(behind);
    behind = size;
    const change = await difference(key, before, after);
    const length = change.data.reduce((sum, value) => sum + value ** 2, 0);
    if (length === 0) continue;
    if (!isLinear(key, change.shape)) {
      leftOut.push(`${network}: ${key}`);
      continue;
    }
    const [rows, columns, ...rest] = change.shape as [number, number, ...number[]];
    const { up, down, singular } = approximate({ rows, columns, data: change.data }, { rank });
    const module = `${prefixes[network]}.${key.slice(0, -".weight".length)}`;
    factors.set(`${module}.lora_A.weight`, tensor("float32", [rank, columns, ...rest], down));
    factors.set(`${module}.lora_B.weight`, tensor("float32", [rows, rank, ...rest], up));
    whole += length;
    held += singular.reduce((sum, value) => sum + value ** 2, 0);
  }
  count(behind);
  if (factors.size === 0) {
    const only = leftOut.length === 0 ? "nothing differs" : `only ${quoteSome(leftOut)} differ`;
    throw new ConfigError(`Expected linear layers of ${tuned} to differ from ${base} but ${only}`);
  }
  await writeLora(path, factors, { alpha: rank, force });
  return { layers: factors.size / 2, kept: Math.min(1, held / whole), leftOut };
}

interface Pair {
  readonly before: NetworkSource;
  readonly after: NetworkSource;
}

function checkSameShapes({ before, after }: Pair, { base, tuned }: { base: string; tuned: string }): void {
  const [a, b] = [before.checkpoint.tensors, after.checkpoint.tensors];
  const other = [...b].filter(([key, { shape }]) => a.get(key)?.shape.join() !== shape.join()).map(([key]) => key);
  if (other.length === 0) return;
  throw new CheckpointError(`${tuned}: Expected tensors of the shapes of ${base} but others are ${quoteSome(other)}`);
}

/** Linear layers and 1×1 convolutions; tables of embeddings are no layers of PEFT's LoRA. */
function isLinear(key: string, shape: readonly number[]): boolean {
  const isMap = shape.length >= 2 && shape.slice(2).every((dim) => dim === 1);
  return key.endsWith(".weight") && isMap && !/(^|[._])embedding\.weight$/.test(key);
}

async function difference(key: string, before: NetworkSource, after: NetworkSource): Promise<Tensor<"float32">> {
  const [a, b] = await Promise.all([before.checkpoint.read(key), after.checkpoint.read(key)]);
  if (!/float/.test(a.dtype) || !/float/.test(b.dtype)) return tensor("float32", a.shape);
  const [from, to] = [toFloat32(a), toFloat32(b)];
  return tensor("float32", a.shape, to.map((value, i) => value - from[i]!));
}
