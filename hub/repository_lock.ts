/**
 * Keeps what removes files of the cache away from a repository that is being fetched.
 * @module
 */
import { dirname, join } from "node:path";
import { tryLock } from "../files/try_lock.ts";
import { lockPath, unlessMissing } from "./cache_layout.ts";
import { takeLock } from "./lock.ts";

/** Stands in a lock's name where blobs have their hash. */
const name = "repository";

/** Which repository of which cache. */
export interface RepositoryPlace {
  readonly cacheFolder: string;
  /** `org/name`. */
  readonly id: string;
}

/**
 * Holds a repository while it is fetched, together with all others who fetch it: until this is disposed of, or the process ends,
 * {@linkcode claimRepository} does not get it. Waits while files of it are being removed.
 */
export async function holdRepository(
  { cacheFolder, id }: RepositoryPlace,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Disposable> {
  const none = { [Symbol.dispose]: () => {} };
  // Where nothing has to be written, nobody is asked for leave to.
  const { state } = await Deno.permissions.query({ name: "write", path: cacheFolder });
  if (state !== "granted") return none;
  try {
    return await takeLock(lockPath(cacheFolder, id, name), { signal, isShared: true });
  } catch {
    signal?.throwIfAborted();
    // A read-only cache may hold all of it; where it does not, the first file that cannot be written says why.
    return none;
  }
}

/**
 * Claims a repository to remove files of it, without waiting: neither this program nor Python's huggingface_hub, which locks blobs,
 * can write any until this is disposed of.
 *
 * @param options.isDry writes nothing: then somebody may begin to fetch it
 * @returns `undefined` where somebody is fetching it
 */
export async function claimRepository(
  { cacheFolder, id }: RepositoryPlace,
  { isDry = false }: { isDry?: boolean } = {},
): Promise<Disposable | undefined> {
  const own = lockPath(cacheFolder, id, name);
  using locks = new DisposableStack();
  if (!isDry) {
    await Deno.mkdir(dirname(own), { recursive: true });
    (await Deno.open(own, { write: true, create: true })).close();
  }
  for (const path of await lockFiles(dirname(own))) {
    // To read is enough for a lock, and a lock file that somebody else has made may allow no more.
    const file = await Deno.open(path).catch(unlessMissing);
    if (!file) continue;
    locks.use(file);
    // Some file systems have no locks.
    if (!await tryLock(file).catch(() => true)) return undefined;
  }
  return locks.move();
}

async function lockFiles(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).filter(({ name }) => name.endsWith(".lock"))
      .map(({ name }) => join(folder, name));
  } catch (error) {
    return unlessMissing(error) ?? [];
  }
}
