/**
 * Looks at weights of the hub before they are fetched: only the headers of the safetensors files are asked for.
 * @module
 */
import { dirname } from "node:path";
import { CheckpointError } from "../errors.ts";
import type { Repository } from "../hub/repository.ts";
import { bytesOf, sizeOf } from "../tensor/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { hasOriginalKeys, toDiffusersKeys } from "../weights/original_keys.ts";
import { quote } from "../weights/quote.ts";
import { headerEnd, isReadable, parseSafetensorsHeader } from "../weights/safetensors_header.ts";
import { unwrapKeys } from "../weights/state_dict.ts";
import type { StoredTensor } from "../weights/stored_tensor.ts";
import type { FetchedModel } from "./fetch_model.ts";

/** Weights of one network. */
export interface WeightsPreview {
  /** Folder in the repository. */
  readonly folder: string;
  /** Bytes of its files. */
  readonly bytes: number;
  /** What it will be once it is here, to be compared with its network; nothing of it can be read. */
  readonly checkpoint: Checkpoint;
}

/** Bytes that most headers fit into. */
const usualHeader = 1 << 17;

/** The files of one folder. */
interface Files {
  bytes: number;
  metadata: Readonly<Record<string, string>> | undefined;
  readonly tensors: Map<string, StoredTensor>;
}

/**
 * Reads the headers of all weights that a model needs.
 *
 * @throws {CheckpointError} where a file is no safetensors file
 * @throws {HubError} where the hub fails
 */
export async function previewWeights({ id, needed, repository }: FetchedModel): Promise<WeightsPreview[]> {
  const folders = new Map<string, Files>();
  for (const path of needed.filter((path) => path.endsWith(".safetensors"))) {
    const folder = dirname(path);
    const files = folders.get(folder) ?? { bytes: 0, metadata: undefined, tensors: new Map() };
    folders.set(folder, files);
    const size = await repository.size(path) ?? 0;
    const name = `${id}/${path}`;
    const { tensors, metadata } = parseSafetensorsHeader(await readHeader(repository, { path, size, id }), {
      name,
      size,
    });
    files.bytes += size;
    files.metadata ??= metadata;
    for (const [key, { dtype, shape, start, end }] of tensors) {
      if (!isReadable(dtype)) {
        throw new CheckpointError(`${name}: tensor ${quote(key)} is ${dtype}, which is not supported`);
      }
      files.tensors.set(key, { dtype, shape, file: path, start, length: end - start });
    }
  }
  return [...folders].map(([folder, { bytes, ...files }]) => ({
    folder,
    bytes,
    checkpoint: unread(`${id}/${folder}`, files),
  }));
}

/** A checkpoint of which only the headers are here, in the names that {@linkcode openCheckpoint} would give. */
function unread(folder: string, { metadata = {}, tensors: stored }: Omit<Files, "bytes">): Checkpoint {
  const unwrapped = unwrapKeys(stored);
  const isOriginal = hasOriginalKeys(unwrapped.keys());
  const tensors = isOriginal ? toDiffusersKeys(unwrapped, { file: folder }) : unwrapped;
  return {
    folder,
    variant: undefined,
    tensors,
    files: [...new Set([...stored.values()].map(({ file }) => file))],
    metadata,
    isOriginal,
    bytes: [...tensors.values()].reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * bytesOf(dtype), 0),
    read: (key) => Promise.reject(new CheckpointError(`${folder}: ${quote(key)} has not been fetched`)),
    checkUnchanged: () => Promise.resolve(),
  };
}

async function readHeader(
  repository: Repository,
  { path, size, id }: { path: string; size: number; id: string },
): Promise<Uint8Array> {
  const start = await repository.start(path, Math.min(size, usualHeader));
  const end = headerEnd(start, { name: `${id}/${path}`, size });
  return end <= start.byteLength ? start.subarray(0, end) : await repository.start(path, end);
}
