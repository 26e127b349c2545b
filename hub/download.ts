/**
 * Brings files of a repository into the cache, several at once.
 * @module
 */
import { dirname } from "node:path";
import { HubError, ResourceError } from "../errors.ts";
import { freeBytes } from "../files/free_bytes.ts";
import { blobPath, partialEnding, placeInSnapshot, repositoryFolder, snapshotFolder } from "./cache_layout.ts";
import type { HubClient } from "./client.ts";
import { downloadBlob, hasBlob } from "./download_blob.ts";
import type { Listing, RemoteFile } from "./listing.ts";
import { sweepPartials } from "./sweep.ts";

/** How far the download of one file is. */
export interface DownloadProgress {
  /** `org/name`. */
  readonly id: string;
  /** In its repository. */
  readonly path: string;
  /** Bytes that are there. */
  readonly done: number;
  /** Bytes that it will have. */
  readonly total: number;
}

/** Options of {@linkcode downloadFiles}. */
export interface DownloadFilesOptions {
  readonly client: HubClient;
  /** Is told of every file at its begin, on its way and at its end; not of those that were there. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Files at once. */
  readonly parallel?: number | undefined;
  /** `false` does without locks. */
  readonly locks?: boolean | undefined;
}

/** Files of a listing by their paths. */
export function chooseFiles(listing: Listing, paths: readonly string[]): RemoteFile[] {
  return [...new Set(paths)].map((path) => {
    const file = listing.files.get(path);
    if (file === undefined) throw new HubError(`${listing.id}: has no file ${path} at ${listing.revision}`);
    return file;
  });
}

/** The files that the cache does not hold, each content once, and the bytes of each that an earlier run has left. */
export async function missingFiles(
  files: readonly RemoteFile[],
  { client, id }: { client: HubClient; id: string },
): Promise<{ path: string; size: number; here: number }[]> {
  const repository = repositoryFolder(client.settings.cacheFolder, id);
  const missing: { path: string; size: number; here: number }[] = [];
  for (const { path, hash, size } of new Map(files.map((file) => [file.hash, file])).values()) {
    const blob = blobPath(repository, hash);
    if (await hasBlob(blob, size)) continue;
    const begun = await Deno.stat(blob + partialEnding).catch(() => undefined);
    missing.push({ path, size, here: Math.min(size, begun?.size ?? 0) });
  }
  return missing;
}

/**
 * Downloads files, each once for all processes, and puts them under their names into the commit's snapshot.
 *
 * @returns folder of the snapshot
 * @throws {HubError} where one of them fails; what has come is kept
 * @throws {ResourceError} before anything is fetched, where the disk has no room for all
 * @throws {PermissionError} before anything is fetched, where nobody may ask for the room on the disk
 */
export async function downloadFiles(
  listing: Listing,
  paths: readonly string[],
  { client, onProgress, signal, parallel = 8, locks }: DownloadFilesOptions,
): Promise<string> {
  const files = chooseFiles(listing, paths);
  const { id, commit } = listing;
  const repository = repositoryFolder(client.settings.cacheFolder, id);
  await checkRoom(files, { client, id });
  await sweepPartials(repository);
  const failure = new AbortController();
  const stop = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  // Large ones first: the small ones fill the gaps.
  const queue = files.toSorted((a, b) => b.size - a.size);
  const work = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      stop.throwIfAborted();
      const { path, size, hash } = file;
      if (!await hasBlob(blobPath(repository, hash), size)) {
        let done = 0;
        const report = (bytes: number) => onProgress?.({ id, path, done: done += bytes, total: size });
        report(0);
        await downloadBlob(file, listing, { client, signal: stop, onBytes: report, locks });
      }
      await placeInSnapshot(repository, { commit, path, hash });
    }
  };
  const workers = Array.from({ length: Math.min(parallel, queue.length) }, () =>
    work().catch((error) => {
      failure.abort(error);
      throw error;
    }));
  const results = await Promise.allSettled(workers);
  signal?.throwIfAborted();
  if (failure.signal.aborted) throw failure.signal.reason;
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return snapshotFolder(repository, commit);
}

/** @throws {ResourceError} where the disk has no room for what is missing */
async function checkRoom(
  files: readonly RemoteFile[],
  { client, id }: { client: HubClient; id: string },
): Promise<void> {
  const { cacheFolder } = client.settings;
  const missing = await missingFiles(files, { client, id });
  const needed = missing.reduce((sum, { size, here }) => sum + size - here, 0);
  if (needed === 0) return;
  const free = await freeBytes(await existing(cacheFolder));
  if (free === undefined || needed <= free) return;
  throw new ResourceError(
    `${id}: ${needed} bytes are to be fetched and ${free} are free in ${cacheFolder}: free some space ` +
      "(wuerstchen cache ls shows what is there), or set HF_HOME to another disk",
  );
}

/** The nearest folder above that is there. */
async function existing(folder: string): Promise<string> {
  for (let at = folder;; at = dirname(at)) {
    if (await Deno.stat(at).then(() => true, () => false) || at === dirname(at)) return at;
  }
}
