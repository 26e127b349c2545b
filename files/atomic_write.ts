/**
 * Writes a file whole or not at all.
 * @module
 */

import { basename, dirname, join } from "node:path";
import { ConfigError, ResourceError } from "../errors.ts";
import { freeBytes } from "./free_bytes.ts";

/** Options of {@linkcode writeFileAtomic}. */
export interface AtomicWriteOptions {
  /** Replace a file that exists; without it an existing file is an error. A symbolic link's target is replaced, not the link. */
  force?: boolean;
  /** Bytes that `data` will have, for the message when the disk is full. Known without it where `data` is one array. */
  bytes?: number;
}

/**
 * Writes `data` to `path` through a temporary file in the same folder: synced, then renamed, and removed on any failure.
 *
 * Two writers of one new path cannot both succeed. A reader never sees half a file, not even after a crash.
 *
 * @throws {ConfigError} where `path` exists and `force` is not set, is no regular file, or its folder does not exist
 * @throws {ResourceError} where the disk is full, saying how much is needed and free
 * @throws {Deno.errors.PermissionDenied} where the folder is read-only
 * @throws {Deno.errors.NotCapable} where `--allow-read` or `--allow-write` does not cover the folder
 */
export async function writeFileAtomic(
  path: string,
  data: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { force = false, bytes }: AtomicWriteOptions = {},
): Promise<void> {
  const state: State = {
    path,
    needed: bytes ?? (data instanceof Uint8Array ? data.byteLength : undefined),
    written: 0,
  };
  const target = await explained(() => destination(path, force), state);
  // The name is short and its own, so that a path with the longest possible name can be written as well.
  const temp = join(dirname(target), `.${crypto.randomUUID()}.tmp`);
  const file = await explained(() => Deno.open(temp, { write: true, createNew: true }), state);
  let placed = false;
  try {
    try {
      for await (const chunk of data instanceof Uint8Array ? [data] : data) {
        await explained(() => writeAll(file, chunk, state), state);
      }
      await explained(() => file.sync(), state);
    } finally {
      file.close();
    }
    await explained(() => force ? Deno.rename(temp, target) : place(temp, target), state);
    placed = true;
  } finally {
    if (!placed) await Deno.remove(temp).catch(() => {});
  }
  await syncFolder(dirname(target));
}

/** What a message about a failed write needs to know. */
export interface WriteState {
  readonly path: string;
  /** Bytes that the file will have, where that is known. */
  readonly needed: number | undefined;
  /** Bytes in the temporary file, which its removal sets free again. */
  readonly written: number;
}

type State = { -readonly [Key in keyof WriteState]: WriteState[Key] };

/** Follows links when `force` is set, and refuses what must not be replaced. */
async function destination(path: string, force: boolean): Promise<string> {
  if (basename(path) === "" || path.endsWith("/")) throw new ConfigError(`Expected a file name but found "${path}"`);
  const found = await Deno.lstat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (found === undefined) return path;
  if (found.isDirectory) throw new ConfigError(`Cannot write ${path}: it is a folder, add a file name`);
  if (!force) throw taken(path);
  const target = found.isSymlink ? await Deno.realPath(path) : path;
  if (!(await Deno.stat(target)).isFile) throw new ConfigError(`Cannot write ${path}: it is not a regular file`);
  return target;
}

function taken(path: string): ConfigError {
  return new ConfigError(`Cannot write ${path}: it exists, use --force or another name`);
}

async function writeAll(file: Deno.FsFile, chunk: Uint8Array, state: State): Promise<void> {
  for (let at = 0; at < chunk.byteLength;) {
    const count = await file.write(chunk.subarray(at));
    at += count;
    state.written += count;
  }
}

/** Gives `temp` the name `path` unless that is taken: a hard link fails where a rename would replace. */
async function place(temp: string, path: string): Promise<void> {
  try {
    await Deno.link(temp, path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw taken(path);
    // Some file systems know no hard links: there an empty file reserves the name.
    (await Deno.open(path, { write: true, createNew: true })).close();
    await Deno.rename(temp, path).catch(async (cause) => {
      await Deno.remove(path);
      throw cause;
    });
    return;
  }
  await Deno.remove(temp);
}

/** Makes the new name itself last through a power cut, where the system can sync a folder. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    using opened = await Deno.open(folder);
    await opened.sync();
  } catch {
    // The file is complete under its name; Windows and some network drives only cannot promise more.
  }
}

const diskFull = ["ENOSPC", "EDQUOT", "EFBIG"];

/** Whether the system had no room for what was written: the disk is full, or a quota or limit is reached. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Deno gives "File too large" no code, only the number of the system.
  return diskFull.includes((error as { code?: string }).code ?? "") || error.message.endsWith("(os error 27)");
}

/** Runs `action`, and says what an error of the system means for `path`; the temporary name would only confuse. */
async function explained<T>(action: () => Promise<T>, state: State): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw await explainWriteError(error, state);
  }
}

/** What an error of the system means for a file that was being written: ours where it can be mended, else `error` itself. */
export async function explainWriteError(
  error: unknown,
  { path, needed, written }: WriteState,
): Promise<unknown> {
  if (!(error instanceof Error) || error instanceof ConfigError) return error;
  const cause = { cause: error };
  const { code } = error as { code?: string };
  if (isDiskFull(error)) {
    // The disk is full whether or not its size may be asked for.
    const free = await freeBytes(dirname(path)).catch(() => undefined);
    const sizes = [
      needed === undefined ? [] : `${needed} bytes needed`,
      free === undefined ? [] : `${free + written} free`,
    ];
    const known = sizes.flat().length > 0 ? ` (${sizes.flat().join(", ")})` : "";
    const reason = code === "ENOSPC" ? "the disk is full" : "it would pass the file size or quota that is allowed here";
    return new ResourceError(
      `Cannot write ${path}: ${reason}${known}; free some space or choose another folder`,
      cause,
    );
  }
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
    return new ConfigError(`Cannot write ${path}: there is no folder ${dirname(path)}, make it first`, cause);
  }
  if (error instanceof Deno.errors.AlreadyExists) return taken(path);
  if (error instanceof Deno.errors.NotCapable) {
    const folder = dirname(path);
    return new Deno.errors.NotCapable(
      `Cannot write ${path}: run with --allow-read=${folder} --allow-write=${folder}`,
      cause,
    );
  }
  if (error instanceof Deno.errors.PermissionDenied || code === "EROFS") {
    return new Deno.errors.PermissionDenied(
      `Cannot write ${path}: the folder ${dirname(path)} is read-only, choose another`,
      cause,
    );
  }
  if (code === "ENAMETOOLONG" || code === "EINVAL") {
    return new ConfigError(`Cannot write ${JSON.stringify(path)}: the name is too long or not allowed here`, cause);
  }
  return error;
}
