/**
 * Joins a network with a checkpoint: every parameter is found, every tensor is used, and the numbers stay in their file.
 * @module
 */
import { dirname, relative, resolve } from "node:path";
import { CheckpointError } from "../errors.ts";
import type { Binding, Parameter } from "../onnx/mod.ts";
import type { StoredTensor } from "./checkpoint.ts";

/** The tensors of a checkpoint by key. */
export type StoredTensors = ReadonlyMap<string, StoredTensor>;

/** Buffers that torch saves and no network reads. */
const ignored = /(^|\.)(position_ids|num_batches_tracked)$/;

function list(keys: readonly string[]): string {
  const shown = keys.slice(0, 5).join(", ");
  return keys.length > 5 ? `${shown} and ${keys.length - 5} more` : shown;
}

/**
 * Compares what a network declares with what a checkpoint holds.
 *
 * `position_ids` and `num_batches_tracked` are ignored by name; every other tensor must belong to some part of the network.
 *
 * @throws {CheckpointError} naming the missing, the extra or the misshaped tensors, five of them and the count of the rest
 */
export function checkParameters(
  declared: ReadonlyMap<string, readonly number[]>,
  stored: StoredTensors,
  { folder }: { folder: string },
): void {
  const missing = [...declared.keys()].filter((key) => !stored.has(key));
  if (missing.length > 0) {
    throw new CheckpointError(
      `${folder}: ${missing.length} tensors are missing: ${list(missing)}; is it this network's checkpoint?`,
    );
  }
  const extra = [...stored.keys()].filter((key) => !declared.has(key) && !ignored.test(key));
  if (extra.length > 0) {
    throw new CheckpointError(`${folder}: ${extra.length} tensors belong to no part of the network: ${list(extra)}`);
  }
  const misshaped = [...declared].filter(([key, shape]) => {
    const found = stored.get(key)!.shape;
    return found.length !== shape.length || found.some((dim, axis) => dim !== shape[axis]);
  }).map(([key, shape]) =>
    `${key} is [${stored.get(key)!.shape.join(", ")}] and config.json asks for [${shape.join(", ")}]`
  );
  if (misshaped.length > 0) {
    throw new CheckpointError(`${folder}: ${misshaped.length} tensors have another shape: ${list(misshaped)}`);
  }
  const whole = [...declared.keys()].filter((key) => !/float/.test(stored.get(key)!.dtype));
  if (whole.length > 0) {
    throw new CheckpointError(`${folder}: ${whole.length} tensors are no floating-point numbers: ${list(whole)}`);
  }
}

/** Deepest folder that all files lie in. */
function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0] ?? ".");
  while (!files.every((file) => !relative(folder, file).startsWith(".."))) folder = dirname(folder);
  return folder;
}

/**
 * Binds parameters to byte ranges of the checkpoint's files.
 *
 * @returns `folder`, which the session must be told, and `bind` for {@linkcode encodeModel}
 */
export function bindCheckpoint(stored: StoredTensors): { folder: string; bind: (parameter: Parameter) => Binding } {
  const folder = commonFolder([...new Set([...stored.values()].map(({ file }) => resolve(file)))]);
  return {
    folder,
    bind({ key }) {
      const entry = stored.get(key);
      if (!entry) throw new CheckpointError(`Expected a tensor "${key}" in ${folder}`);
      return {
        kind: "external",
        dtype: entry.dtype,
        location: relative(folder, resolve(entry.file)),
        offset: entry.start,
      };
    },
  };
}
