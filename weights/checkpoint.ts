/**
 * The weights of one network: a safetensors file, several with an index, or a `.pt` file.
 * @module
 */

import { dirname, join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { factsOf, namesIn, realPathOf } from "../files/read_file.ts";
import { bytesOf, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { findCheckpoint, type WeightsName } from "./find_checkpoint.ts";
import { type FixedFile, openFixedFile } from "./fixed_file.ts";
import { hasOriginalKeys, toDiffusersKeys } from "./original_keys.ts";
import { isPt, openPt } from "./pt/open_pt.ts";
import { quote, quoteSome } from "./quote.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors.ts";
import { isReadable } from "./safetensors_header.ts";
import { openShards } from "./shards.ts";
import { findStateDict, unwrapKeys } from "./state_dict.ts";
import { readStored, spanOf, type StoredTensor, stridesOf } from "./stored_tensor.ts";

export type { StoredTensor } from "./stored_tensor.ts";

/** The tensors of one network, all on disk: nothing of them is kept in memory. */
export interface Checkpoint {
  /** The folder that it lies in. */
  readonly folder: string;
  /** The variant that was found, such as `fp16`. */
  readonly variant: string | undefined;
  /** Every tensor by key. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Real paths of the files, in the order of their names in the folder. */
  readonly files: readonly string[];
  /** Free text of the file's header, of the first file where there are several. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether its tensors had the names of the original checkpoints; `tensors` has those of diffusers. */
  readonly isOriginal: boolean;
  /** Bytes of all tensors. */
  readonly bytes: number;
  /**
   * Reads one tensor into memory, row by row.
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

/** Which weights to open, and how. */
export interface OpenOptions extends WeightsName {
  /** Dictionary of a `.pt` file that has the weights, such as `effnet_state_dict`; see {@linkcode findStateDict}. */
  dict?: string | undefined;
}

/** A file with the tensors that it holds. */
interface Opened {
  readonly file: FixedFile;
  /** Its real path. */
  readonly real: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Opens the checkpoint in a network's folder, or a single file, by reading headers only.
 *
 * In a folder names are those of diffusers and transformers: `STEM[.VARIANT].safetensors`, or the index
 * `STEM.safetensors.index[.VARIANT].json` (or `STEM.VARIANT.safetensors.index.json`) with its shards, or, where there is no safetensors
 * file, `diffusion_pytorch_model[.VARIANT].bin` and `pytorch_model[.VARIANT].bin`. A single file may be
 * safetensors or what `torch.save` writes, which its first bytes tell. Tensors get the names of diffusers, see
 * {@linkcode toDiffusersKeys}, and lose the names of wrappers.
 *
 * @throws {CheckpointError} where none is there, several variants are and none is asked for, a file is damaged, a shard's name
 * leads out of the folder, index and shards do not hold the same tensors, or a `.pt` file holds more than tensors
 */
export async function openCheckpoint(path: string, options: OpenOptions): Promise<Checkpoint> {
  const raw = await openAsStored(path, options);
  const unwrapped = unwrapKeys(raw.tensors);
  const isOriginal = hasOriginalKeys(unwrapped.keys());
  return checkpointOf(raw, {
    tensors: isOriginal ? toDiffusersKeys(unwrapped, { file: path }) : unwrapped,
    isOriginal,
  });
}

/**
 * Opens a checkpoint like {@linkcode openCheckpoint}, with the names that the file gives its tensors.
 *
 * @throws {CheckpointError} as {@linkcode openCheckpoint} does
 */
export async function openRawCheckpoint(path: string, options: OpenOptions): Promise<Checkpoint> {
  const raw = await openAsStored(path, options);
  return checkpointOf(raw, { tensors: raw.tensors, isOriginal: false });
}

/** Files with their tensors, under the files' own names. */
interface RawCheckpoint extends Pick<Checkpoint, "folder" | "variant"> {
  readonly opened: readonly Opened[];
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

async function openAsStored(path: string, { dict, ...name }: OpenOptions): Promise<RawCheckpoint> {
  const facts = await factsOf(path);
  if (!facts) throw new CheckpointError(`${path}: there is no such folder or file`);
  const { isDirectory, isFile } = facts;
  const openSingle = async (path: string) =>
    isPt(await firstBytes(path)) ? await openTorch(path, dict) : await openSafe([path]);
  if (!isDirectory) {
    const opened = await (isFile ? openSingle(path) : openSafe([path]));
    return { folder: dirname(path), variant: undefined, opened, tensors: joined(opened) };
  }
  const names = await namesIn(path);
  const found = findCheckpoint(new Set(names), { folder: path, ...name });
  const file = join(path, found.name);
  const opened = found.sharded ? await ofSafetensors(await openShards(file)) : await openSingle(file);
  return { folder: path, variant: found.variant, opened, tensors: joined(opened) };
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await openFixedFile(path, "a file of weights");
  return await file.read(0, Math.min(16, file.size));
}

const openSafe = async (paths: readonly string[]) => await ofSafetensors(await Promise.all(paths.map(openSafetensors)));

async function ofSafetensors(files: readonly SafetensorsFile[]): Promise<Opened[]> {
  return await Promise.all(files.map(async ({ path, file, metadata, tensors }) => {
    const real = await realPathOf(path);
    const stored = [...tensors].map(([key, { dtype, shape, start, end }]): [string, StoredTensor] => {
      if (!isReadable(dtype)) {
        throw new CheckpointError(`${path}: tensor ${quote(key)} is ${dtype}, save it as F32, F16 or BF16`);
      }
      return [key, { dtype, shape, file: real, start, length: end - start }];
    });
    return { file, real, metadata, tensors: new Map(stored) };
  }));
}

async function openTorch(path: string, dict: string | undefined): Promise<Opened[]> {
  const { file, root, storageStart } = await openPt(path);
  const real = await realPathOf(path);
  const stored = [...findStateDict(root, { file: path, dict })].map(([key, tensor]): [string, StoredTensor] => {
    const { dtype, shape, strides, offset } = tensor;
    const start = storageStart(tensor) + offset * bytesOf(dtype);
    return [key, {
      dtype,
      shape,
      file: real,
      start,
      length: spanOf(dtype, shape, strides),
      ...stridesOf(shape, strides),
    }];
  });
  return [{ file, real, metadata: {}, tensors: new Map(stored) }];
}

const joined = (opened: readonly Opened[]) => new Map(opened.flatMap(({ tensors }) => [...tensors]));

function checkpointOf(
  { folder, variant, opened, tensors: raw }: RawCheckpoint,
  { tensors, isOriginal }: Pick<Checkpoint, "tensors" | "isOriginal">,
): Checkpoint {
  const fileOf = new Map(opened.map(({ real, file }) => [real, file]));
  return {
    folder,
    variant,
    tensors,
    isOriginal,
    metadata: opened[0]?.metadata ?? {},
    files: opened.map(({ real }) => real),
    bytes: [...tensors.values()].reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * bytesOf(dtype), 0),
    read(key) {
      const stored = tensors.get(key);
      if (stored === undefined) {
        const there = quoteSome([...raw.keys()]);
        return Promise.reject(new CheckpointError(`${folder}: no tensor ${quote(key)} but ${there}`));
      }
      return readStored(fileOf.get(stored.file)!, stored);
    },
    async checkUnchanged() {
      for (const { file } of opened) await file.checkUnchanged();
    },
  };
}
