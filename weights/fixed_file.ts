/**
 * A file that is opened once and read piece by piece later, as long as it stays the one that was opened.
 * @module
 */
import { resolve } from "node:path";
import { CheckpointError } from "../errors.ts";
import { type ByteSource, mountedEntry } from "../files/mounted_files.ts";
import { factsOf } from "../files/read_file.ts";

/** A file on disk, of which no handle stays open, or one that is mounted. */
export interface FixedFile {
  /** As it was asked for. */
  readonly path: string;
  /** Bytes of the whole file. */
  readonly size: number;
  /**
   * Reads `bytes` bytes from byte `from` on.
   *
   * @throws {CheckpointError} where the file has changed since it was opened, or is gone
   */
  read(from: number, bytes: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Looks whether the file is still the one that was opened, by its size and the time it was written; nothing of it is read.
   *
   * @throws {CheckpointError} where it has changed or is gone
   */
  checkUnchanged(): Promise<void>;
}

/**
 * Looks at a file of weights, and remembers its size and the time it was written.
 *
 * @param what is expected there, for the message: `a safetensors file`
 * @throws {CheckpointError} where there is none, or it is a folder or a device
 * @throws {Deno.errors.PermissionDenied | Deno.errors.NotCapable} where it may not be read
 */
export async function openFixedFile(path: string, what: string): Promise<FixedFile> {
  // Looked at first: opening a named pipe would wait for a writer.
  const { isFile, size, mtime } = await factsOf(path) ?? missing(undefined, path);
  if (!isFile) throw new CheckpointError(`${path}: expected ${what} but found a folder or a device`);
  const source = mountedEntry(path)?.file;
  if (source) return ofSource(path, source);
  const fixed = resolve(path);
  const compare = (now: Deno.FileInfo) => {
    if (now.size !== size || now.mtime?.getTime() !== mtime?.getTime()) throw changed(path);
  };
  return {
    path,
    size,
    async read(from, bytes) {
      using file = await Deno.open(fixed).catch((error) => missing(error, path));
      compare(await file.stat());
      const buffer = new Uint8Array(bytes);
      await file.seek(from, Deno.SeekMode.Start);
      for (let at = 0; at < bytes;) {
        const count = await file.read(buffer.subarray(at));
        if (count === null) throw changed(path);
        at += count;
      }
      return buffer;
    },
    checkUnchanged: async () => compare(await Deno.stat(fixed).catch((error) => missing(error, path))),
  };
}

/** A mounted file, which stays as it is. */
function ofSource(path: string, source: ByteSource): FixedFile {
  return {
    path,
    size: source.size,
    async read(from, bytes) {
      const buffer = new Uint8Array(await source.slice(from, from + bytes).arrayBuffer());
      if (buffer.length !== bytes) throw changed(path);
      return buffer;
    },
    checkUnchanged: () => Promise.resolve(),
  };
}

function changed(path: string): CheckpointError {
  return new CheckpointError(`${path}: the file has changed while it was in use; open it again`);
}

function missing(error: unknown, path: string): never {
  if (error !== undefined && !(error instanceof Deno.errors.NotFound)) throw error;
  throw new CheckpointError(`${path}: there is no such file`, { cause: error });
}
