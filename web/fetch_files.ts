/**
 * Fetches the large files of the page, once: they are kept for visits without a network.
 * @module
 */
import { CheckpointError } from "../errors.ts";

/** A file, as the list of the build names it. */
export interface ListedFile {
  /** Its address, from the page's folder on. */
  readonly path: string;
  readonly bytes: number;
}

/**
 * Fetches files, or takes them from where the browser keeps them.
 *
 * @param options.build which build they are of: those of others are other files
 * @param options.onProgress is told how many bytes of how many are there
 * @throws {CheckpointError} where one cannot be had, naming it
 */
export async function fetchFiles(
  files: readonly ListedFile[],
  { base, build, onProgress }: {
    base: URL;
    build: string;
    onProgress: (done: number, total: number) => void;
  },
): Promise<Map<string, Blob>> {
  // There is no cache on pages that are not secure; then all is fetched again.
  const cache = await globalThis.caches?.open(cacheName(build)).catch(() => undefined);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  let hasFailed = false;
  const fetched = await Promise.all(files.map(async ({ path, bytes }): Promise<[string, Blob]> => {
    const url = new URL(path, base);
    let response = await cache?.match(url);
    if (!response) {
      response = await fetch(url).catch((cause) => {
        throw new CheckpointError(`Cannot fetch ${url}: is there a network?`, { cause });
      });
      if (!response.ok) throw new CheckpointError(`Cannot fetch ${url}: the server says ${response.status}`);
      // A full disk costs the visit without a network and nothing else.
      await cache?.put(url, response.clone()).catch(() => {});
    }
    const blob = await response.blob();
    if (blob.size !== bytes) {
      await cache?.delete(url);
      throw new CheckpointError(`${url}: Expected ${bytes} bytes but found ${blob.size}: load the page again`);
    }
    // Files that still come would hide what has failed.
    if (!hasFailed) onProgress(done += bytes, total);
    return [path, blob];
  })).catch((error) => {
    hasFailed = true;
    throw error;
  });
  return new Map(fetched);
}

/** Where the files of a build are kept. */
export function cacheName(build: string): string {
  return `wuerstchen ${build}`;
}
