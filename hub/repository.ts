/**
 * A repository at one commit, on the hub or in the cache alone: what it holds, and a way to have files of it on the disk.
 * @module
 */
import { join } from "node:path";
import { HubError } from "../errors.ts";
import { quote } from "../weights/quote.ts";
import {
  blobPath,
  readRef,
  repositoryFolder,
  snapshotFiles,
  snapshotFolder,
  unlessMissing,
  writeRef,
} from "./cache_layout.ts";
import type { HubClient } from "./client.ts";
import { chooseFiles, downloadFiles, type DownloadProgress, missingFiles } from "./download.ts";
import { fileUrl, hasBlob } from "./download_blob.ts";
import { firstBytes } from "./first_bytes.ts";
import { listRepository } from "./listing.ts";
import { isCommit, type ModelId } from "./model_id.ts";

/** What happens while files are fetched. */
export type HubEvent =
  /** Begins: these files are to be fetched; `here` bytes of each are left from an earlier run. */
  | { readonly type: "fetch"; readonly id: string; readonly files: readonly FetchedFile[] }
  | ({ readonly type: "progress" } & DownloadProgress)
  | { readonly type: "warning"; readonly message: string };

/** A file that is to be fetched. */
export interface FetchedFile {
  /** In its repository. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes of it that an earlier run has left. */
  readonly here: number;
}

/** A repository at one commit. */
export interface Repository {
  readonly id: string;
  readonly commit: string;
  /** Paths of the files that it has; in the cache alone, of those that are there. */
  readonly paths: ReadonlySet<string>;
  /** Folder that the files are in once they are fetched. */
  readonly folder: string;
  /** Bytes of a file; `undefined` where it is not there. */
  size(path: string): Promise<number | undefined>;
  /** Files that would have to be fetched, each content once. */
  missing(paths: readonly string[]): Promise<readonly FetchedFile[]>;
  /** The first bytes of a file, which is not fetched as a whole. */
  start(path: string, bytes: number): Promise<Uint8Array>;
  /**
   * Has files on the disk.
   *
   * @throws {HubError} where one cannot be had
   */
  fetch(paths: readonly string[]): Promise<void>;
  /**
   * Remembers that the revision which was asked for is complete, for runs without a network.
   *
   * @param needed files of it that were fetched
   * @throws {HubError} where one of them is no longer there
   */
  settle(needed: readonly string[]): Promise<void>;
}

/** Options of {@linkcode openRemote}. */
export interface RemoteOptions {
  readonly client: HubClient;
  readonly onEvent?: ((event: HubEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A repository as the hub has it now.
 *
 * @throws {HubError} where it is not there or the hub cannot be reached
 */
export async function openRemote(name: ModelId, options: RemoteOptions): Promise<Repository> {
  const { client, onEvent, signal } = options;
  const listing = await listRepository(client, name, { signal });
  const { id, commit, files } = listing;
  const repository = repositoryFolder(client.settings.cacheFolder, id);
  return {
    id,
    commit,
    paths: new Set(files.keys()),
    folder: snapshotFolder(repository, commit),
    size: (path) => Promise.resolve(files.get(path)?.size),
    missing: (paths) => missingFiles(chooseFiles(listing, paths), { client, id }),
    async start(path, bytes) {
      const [file] = chooseFiles(listing, [path]);
      if (await hasBlob(blobPath(repository, file!.hash), file!.size)) {
        return await readStart(blobPath(repository, file!.hash), bytes);
      }
      const response = await client.request(fileUrl(client, listing, path), {
        subject: { id, revision: name.revision, path },
        headers: { range: `bytes=0-${bytes - 1}` },
        signal,
      });
      return await firstBytes(response, bytes);
    },
    async fetch(paths) {
      const missing = await missingFiles(chooseFiles(listing, paths), { client, id });
      if (missing.length > 0) onEvent?.({ type: "fetch", id, files: missing });
      const onProgress = (progress: DownloadProgress) => onEvent?.({ type: "progress", ...progress });
      await downloadFiles(listing, paths, { client, signal, onProgress });
    },
    async settle(needed) {
      for (const { path, size } of chooseFiles(listing, needed)) {
        if (await hasBlob(join(snapshotFolder(repository, commit), path), size)) continue;
        throw new HubError(`${id}: ${quote(path)} was removed while the rest was fetched: fetch it again`);
      }
      await writeRef(repository, { revision: name.revision, commit });
    },
  };
}

/** A repository as the cache has it; `undefined` where it has nothing of that revision. */
export async function openCached(
  { id, revision }: ModelId,
  { cacheFolder }: { cacheFolder: string },
): Promise<Repository | undefined> {
  const repository = repositoryFolder(cacheFolder, id);
  const commit = await readRef(repository, revision);
  if (commit === undefined) return undefined;
  const folder = snapshotFolder(repository, commit);
  const found = await snapshotFiles(folder);
  if (found === undefined) return undefined;
  const paths = new Set(found);
  return {
    id,
    commit,
    paths,
    folder,
    ...readsFolder(folder),
    fetch(wanted) {
      const missing = wanted.find((path) => !paths.has(path));
      if (missing === undefined) return Promise.resolve();
      return Promise.reject(new HubError(`${id}: ${quote(missing)} is not in the cache (${cacheFolder})`));
    },
    async settle() {
      if (!isCommit(revision)) return;
      const { state } = await Deno.permissions.query({ name: "write", path: repository });
      // In a cache that may not be written to nothing is pruned either.
      if (state === "granted") await writeRef(repository, { revision, commit }).catch(() => {});
    },
  };
}

/** A folder of this machine as if it were a repository. */
export async function openLocal(folder: string, { id }: { id: string }): Promise<Repository> {
  return {
    id,
    commit: "0".repeat(40),
    paths: new Set(await snapshotFiles(folder)),
    folder,
    ...readsFolder(folder),
    fetch: () => Promise.resolve(),
    settle: () => Promise.resolve(),
  };
}

/** What a repository that lies in a folder as a whole can tell. */
function readsFolder(folder: string): Pick<Repository, "size" | "missing" | "start"> {
  return {
    size: async (path) => (await Deno.stat(join(folder, path)).catch(unlessMissing))?.size,
    missing: () => Promise.resolve([]),
    start: (path, bytes) => readStart(join(folder, path), bytes),
  };
}

async function readStart(path: string, bytes: number): Promise<Uint8Array> {
  using file = await Deno.open(path);
  return await firstBytes(new Response(file.readable), bytes);
}
