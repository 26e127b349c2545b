/**
 * Looks at files and reads them, those of a disk and mounted ones alike.
 * @module
 */
import { mountedEntry } from "./mounted_files.ts";

/** What is said of a file or a folder. */
export type FileFacts = Pick<Deno.FileInfo, "isFile" | "isDirectory" | "size" | "mtime">;

/**
 * What there is at a path; `undefined` where there is nothing.
 *
 * @throws {Deno.errors.PermissionDenied | Deno.errors.NotCapable} where it may not be looked at
 */
export async function factsOf(path: string): Promise<FileFacts | undefined> {
  const entry = mountedEntry(path);
  if (entry) {
    const { file, names } = entry;
    if (!file && names.length === 0) return undefined;
    return { isFile: file !== undefined, isDirectory: file === undefined, size: file?.size ?? 0, mtime: null };
  }
  return await Deno.stat(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    return undefined;
  });
}

/** All bytes of a file that is there. */
export async function readWholeFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = mountedEntry(path)?.file;
  return file ? new Uint8Array(await file.slice(0, file.size).arrayBuffer()) : await Deno.readFile(path);
}

/** Names of what is in a folder, in no order. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return mountedEntry(folder)?.names ?? (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

/** The path of a file or a folder without links. */
export async function realPathOf(path: string): Promise<string> {
  return mountedEntry(path) ? path : await Deno.realPath(path);
}
