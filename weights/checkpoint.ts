/**
 * The weights of one network, in one safetensors file or in several with an index.
 * @module
 */

import { dirname, join } from "node:path";
import { CheckpointError } from "../errors.ts";
import type { DType, Tensor } from "../tensor/tensor.ts";
import { findCheckpoint, type WeightsName } from "./find_checkpoint.ts";
import { quote, quoteSome } from "./quote.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors.ts";
import { isReadable } from "./safetensors_header.ts";
import { openShards } from "./shards.ts";

/** Where a tensor of a checkpoint lies. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Real path of its file, with every link resolved. */
  readonly file: string;
  /** Byte of the file at which it begins. */
  readonly start: number;
  /** Its length in bytes. */
  readonly length: number;
}

/** The tensors of one network, all on disk: nothing of them is kept in memory. */
export interface Checkpoint {
  /** The folder that it lies in. */
  readonly folder: string;
  /** The variant that was found, such as `fp16`. */
  readonly variant: string | undefined;
  /** Every tensor by key. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Real paths of the safetensors files, in the order of their names in the folder. */
  readonly files: readonly string[];
  /** Bytes of all tensors. */
  readonly bytes: number;
  /**
   * Reads one tensor into memory.
   *
   * @throws {CheckpointError} where there is none of that key, or its file has changed
   */
  read(key: string): Promise<Tensor>;
  /**
   * Looks whether the files are still those that were opened; nothing of them is read.
   *
   * @throws {CheckpointError} naming the first that has changed or is gone
   */
  checkUnchanged(): Promise<void>;
}

/**
 * Opens the checkpoint in a network's folder, or a single safetensors file, by reading headers only.
 *
 * Names are those of diffusers and transformers: `STEM[.VARIANT].safetensors`, or the index
 * `STEM.safetensors.index[.VARIANT].json` (or `STEM.VARIANT.safetensors.index.json`) with its shards.
 *
 * @throws {CheckpointError} where none is there, several variants are and none is asked for, a file is damaged, a shard's name
 * leads out of the folder, or index and shards do not hold the same tensors
 */
export async function openCheckpoint(path: string, name: WeightsName): Promise<Checkpoint> {
  const { isDirectory } = await Deno.stat(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory)) throw cause;
    throw new CheckpointError(`${path}: there is no such folder or file`, { cause });
  });
  if (!isDirectory) return await checkpointOf([await openSafetensors(path)], { folder: dirname(path) });
  const names = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  const found = findCheckpoint(new Set(names), { folder: path, ...name });
  const file = join(path, found.name);
  const opened = found.sharded ? await openShards(file) : [await openSafetensors(file)];
  return await checkpointOf(opened, { folder: path, variant: found.variant });
}

async function checkpointOf(
  opened: readonly SafetensorsFile[],
  { folder, variant }: { folder: string; variant?: string | undefined },
): Promise<Checkpoint> {
  const files = await Promise.all(opened.map(({ path }) => Deno.realPath(path)));
  const tensors = new Map<string, StoredTensor>();
  const fileOf = new Map<string, SafetensorsFile>();
  let bytes = 0;
  for (const [i, file] of opened.entries()) {
    for (const [key, { dtype, shape, start, end }] of file.tensors) {
      if (!isReadable(dtype)) {
        throw new CheckpointError(`${file.path}: tensor ${quote(key)} is ${dtype}, save it as F32, F16 or BF16`);
      }
      tensors.set(key, { dtype, shape, file: files[i]!, start, length: end - start });
      fileOf.set(key, file);
      bytes += end - start;
    }
  }
  return {
    folder,
    variant,
    tensors,
    files,
    bytes,
    read(key) {
      const file = fileOf.get(key);
      if (file === undefined) {
        const there = quoteSome([...fileOf.keys()]);
        return Promise.reject(new CheckpointError(`${folder}: no tensor ${quote(key)} but ${there}`));
      }
      return file.read(key);
    },
    async checkUnchanged() {
      for (const file of opened) await file.checkUnchanged();
    },
  };
}
