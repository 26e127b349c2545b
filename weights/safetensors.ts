/**
 * Reads safetensors files tensor by tensor, never as a whole.
 * @module
 */

import { resolve } from "node:path";
import { CheckpointError } from "../errors.ts";
import { type Tensor, tensorFromBytes } from "../tensor/tensor.ts";
import { quote, quoteSome } from "./quote.ts";
import { headerEnd, isReadable, parseSafetensorsHeader, type SafetensorsHeader } from "./safetensors_header.ts";

/** An opened safetensors file: its header is checked and in memory, its tensors are on the disk. */
export interface SafetensorsFile extends SafetensorsHeader {
  readonly path: string;
  /** Bytes of the whole file. */
  readonly size: number;
  /**
   * Reads one tensor.
   *
   * @throws {CheckpointError} where there is none of that name, its dtype has no typed array (fp8 and the like), or the file has
   * changed since it was opened
   */
  read(name: string): Promise<Tensor>;
  /**
   * Looks whether the file is still the one that was opened, by its size and the time it was written; nothing of it is read.
   *
   * @throws {CheckpointError} where it has changed or is gone
   */
  checkUnchanged(): Promise<void>;
}

/**
 * Opens a safetensors file by reading and checking its header.
 *
 * Nothing is allocated before the header's length is known to fit both the file and 100 MB; no handle stays open.
 *
 * @throws {CheckpointError} where the file is missing, cut, or breaks a rule of the format, naming file, tensor, and expected and
 * actual values
 * @throws {Deno.errors.PermissionDenied | Deno.errors.NotCapable} where it may not be read
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  // Looked at first: opening a named pipe would wait for a writer.
  const { isFile } = await Deno.stat(path).catch((error) => missing(error, path));
  if (!isFile) throw new CheckpointError(`${path}: expected a safetensors file but found a folder or a device`);
  using file = await Deno.open(path);
  const { size, mtime } = await file.stat();
  const source = { name: path, size };
  const end = headerEnd(await readBytes(file, { from: 0, bytes: Math.min(8, size), path }), source);
  const header = parseSafetensorsHeader(await readBytes(file, { from: 0, bytes: end, path }), source);
  const fixed = resolve(path);
  const compare = (now: Deno.FileInfo) => {
    if (now.size !== size || now.mtime?.getTime() !== mtime?.getTime()) throw changed(path);
  };
  return {
    ...header,
    path,
    size,
    async read(name) {
      const entry = header.tensors.get(name);
      if (entry === undefined) {
        throw new CheckpointError(`${path}: no tensor ${quote(name)} but ${quoteSome([...header.tensors.keys()])}`);
      }
      const { dtype, shape, start, end } = entry;
      if (!isReadable(dtype)) {
        throw new CheckpointError(
          `${path}: tensor ${quote(name)} is ${dtype}, which cannot be read here; save it as F32, F16 or BF16`,
        );
      }
      using file = await Deno.open(fixed).catch((error) => missing(error, path));
      compare(await file.stat());
      return tensorFromBytes(dtype, shape, await readBytes(file, { from: start, bytes: end - start, path }));
    },
    checkUnchanged: async () => compare(await Deno.stat(fixed).catch((error) => missing(error, path))),
  };
}

async function readBytes(
  file: Deno.FsFile,
  { from, bytes, path }: { from: number; bytes: number; path: string },
): Promise<Uint8Array> {
  const buffer = new Uint8Array(bytes);
  await file.seek(from, Deno.SeekMode.Start);
  for (let at = 0; at < bytes;) {
    const count = await file.read(buffer.subarray(at));
    if (count === null) throw changed(path);
    at += count;
  }
  return buffer;
}

function changed(path: string): CheckpointError {
  return new CheckpointError(`${path}: the file has changed while it was in use; open it again`);
}

function missing(error: unknown, path: string): never {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
  throw new CheckpointError(`${path}: there is no such file`, { cause: error });
}
