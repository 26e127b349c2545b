/**
 * The files of a model wherever they come from: a folder, or bytes, files and addresses that are put together to one.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { type ByteSource, type MountedFolder, mountFiles } from "../files/mounted_files.ts";

/**
 * A model's files by their paths in its folder (`prior/prior/config.json`), each as bytes, as a `Blob` (such as a `File` that a visitor has
 * chosen), or as an address to fetch it from.
 */
export type ModelFiles = Readonly<Record<string, Uint8Array<ArrayBuffer> | Blob | URL>>;

/**
 * Puts files together to a folder, until it is disposed of. Those that are addresses are fetched, all of each.
 *
 * @throws {CheckpointError} where one cannot be fetched, naming it
 */
export async function mountModel(files: ModelFiles): Promise<MountedFolder> {
  const sources = await Promise.all(
    Object.entries(files).map(async ([path, file]): Promise<[string, ByteSource]> => {
      if (file instanceof URL) return [path, await fetchFile(file)];
      return [path, file instanceof Blob ? file : new Blob([file])];
    }),
  );
  return mountFiles(new Map(sources));
}

async function fetchFile(url: URL): Promise<Blob> {
  const fail = (reason: string, cause?: unknown) =>
    new CheckpointError(`${url}: Cannot fetch it: ${reason}`, { cause });
  const response = await fetch(url).catch((cause: Error) => {
    throw fail(cause.message, cause);
  });
  if (response.ok) return await response.blob();
  await response.body?.cancel();
  throw fail(`the server says ${response.status} ${response.statusText}`.trimEnd());
}
