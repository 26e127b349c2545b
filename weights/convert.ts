/**
 * Writes the weights of a network again: as another type, under the names of diffusers or the original ones, with LoRAs added,
 * in one file or several. One tensor is in memory at a time.
 * @module
 */
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { bytesOf, type DType, sizeOf, type Tensor, tensor, tensorBytes } from "../tensor/tensor.ts";
import { castTensor, isFloat, type WeightType } from "./cast.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { WeightsName } from "./find_checkpoint.ts";
import type { Lora, LoraPairs } from "./lora.ts";
import { addLowRankChanges } from "./merge_lora.ts";
import { toOriginalKeys } from "./original_keys.ts";
import { quote } from "./quote.ts";
import { type LazyTensor, writeSafetensors } from "./safetensors_writer.ts";

/** A LoRA that is added to a network's weights. */
export interface MergedLora {
  readonly lora: Lora;
  readonly pairs: LoraPairs;
  /** The user's factor. */
  readonly scale: number;
}

/** What becomes of a network's weights. */
export interface ConversionOptions {
  /** Type of floating-point tensors; each its own where left out. */
  readonly dtype?: WeightType | undefined;
  /** Names: those of diffusers where left out. */
  readonly keys?: "diffusers" | "original" | undefined;
  /** Changes of the weights, in this order. */
  readonly loras?: readonly MergedLora[] | undefined;
}

/**
 * The tensors of a checkpoint as they are to be written; each is read when its turn comes.
 *
 * @throws {CheckpointError} where queries are without keys or values, which have one tensor in the original files
 */
export function convertedTensors(
  checkpoint: Checkpoint,
  { dtype, keys = "diffusers", loras = [] }: ConversionOptions = {},
): Map<string, LazyTensor> {
  const { tensors, folder } = checkpoint;
  const typeOf = (key: string): DType => {
    const own = tensors.get(key)!.dtype;
    return dtype !== undefined && isFloat(own) ? dtype : own;
  };
  const load = async (key: string): Promise<Tensor> => {
    const weight = await merged(key, checkpoint, loras);
    const type = typeOf(key);
    return isFloat(type) && type !== "float64" ? castTensor(weight, type as WeightType, { key }) : weight;
  };
  const plain = (key: string): LazyTensor => ({
    dtype: typeOf(key),
    shape: tensors.get(key)!.shape,
    load: () => load(key),
  });
  if (keys === "diffusers") return new Map([...tensors.keys()].map((key) => [key, plain(key)]));
  return new Map(
    toOriginalKeys(tensors.keys(), { file: folder }).map(({ key, parts }) => {
      const [first, ...others] = parts;
      if (others.length === 0) return [key, plain(first!)];
      return [key, fused(key, parts.map(plain))];
    }),
  );
}

async function merged(key: string, checkpoint: Checkpoint, loras: readonly MergedLora[]): Promise<Tensor> {
  const weight = await checkpoint.read(key);
  const changes = loras.flatMap(({ lora, pairs, scale }) => {
    const pair = pairs.get(key);
    return pair ? [{ pair, scale: pair.scale * scale, lora }] : [];
  });
  if (changes.length === 0) return weight;
  return addLowRankChanges(
    weight,
    await Promise.all(changes.map(async ({ pair, scale, lora }) => ({
      up: await lora.checkpoint.read(pair.keys.up),
      down: await lora.checkpoint.read(pair.keys.down),
      scale,
    }))),
  );
}

/** Tensors of equal rows, one below the other. */
function fused(key: string, parts: readonly LazyTensor[]): LazyTensor {
  const { dtype, shape } = parts[0]!;
  const other = parts.find((part) => part.dtype !== dtype || part.shape.slice(1).join() !== shape.slice(1).join());
  if (other) {
    throw new CheckpointError(
      `Expected the parts of ${quote(key)} to be ${dtype} of one width but found ${other.dtype} [${other.shape}]`,
    );
  }
  const all = [parts.reduce((sum, part) => sum + part.shape[0]!, 0), ...shape.slice(1)];
  return {
    dtype,
    shape: all,
    async load() {
      const whole = tensor(dtype, all);
      const bytes = tensorBytes(whole);
      let at = 0;
      for (const part of parts) {
        const own = tensorBytes(await part.load());
        bytes.set(own, at);
        at += own.length;
      }
      return whole;
    },
  };
}

/** Where weights are written. */
export interface WriteWeightsOptions {
  /** Free text for the header of each file. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Most bytes of tensors in a file; one file holds all where left out. */
  readonly shardBytes?: number | undefined;
  /** Is told the bytes of each tensor that is written; what it throws ends the writing. */
  readonly onWritten?: ((bytes: number) => void) | undefined;
}

/**
 * Writes weights into a network's folder under the names of diffusers and transformers: one file, or several and an index, which is
 * written last.
 *
 * @throws {ConfigError} where one of the files exists, or the folder does not
 * @throws {ResourceError} where the disk is full
 */
export async function writeWeightsFolder(
  folder: string,
  tensors: ReadonlyMap<string, LazyTensor>,
  { stem, metadata = {}, shardBytes = Infinity, onWritten }: WriteWeightsOptions & Pick<WeightsName, "stem">,
): Promise<void> {
  const shards: [string, LazyTensor][][] = [];
  let room = 0;
  let total = 0;
  for (const entry of tensors) {
    const bytes = sizeOf(entry[1].shape) * bytesOf(entry[1].dtype);
    if (shards.length === 0 || bytes > room) {
      shards.push([]);
      room = shardBytes;
    }
    room -= bytes;
    total += bytes;
    shards.at(-1)!.push(entry);
  }
  if (shards.length <= 1) {
    await writeSafetensors(join(folder, `${stem}.safetensors`), shards[0] ?? [], { metadata, onWritten });
    return;
  }
  const number = (value: number) => String(value).padStart(5, "0");
  const weightMap: Record<string, string> = {};
  for (const [i, shard] of shards.entries()) {
    const name = `${stem}-${number(i + 1)}-of-${number(shards.length)}.safetensors`;
    for (const [key] of shard) weightMap[key] = name;
    await writeSafetensors(join(folder, name), shard, { metadata, onWritten });
  }
  const index = { metadata: { total_size: total }, weight_map: weightMap };
  const text = new TextEncoder().encode(`${JSON.stringify(index, null, 2)}\n`);
  await writeFileAtomic(join(folder, `${stem}.safetensors.index.json`), text);
}
