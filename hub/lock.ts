/**
 * Lets one process at a time write a file of the cache.
 * @module
 */
import { dirname } from "node:path";
import { tryLock } from "../files/try_lock.ts";
import { delay } from "./client.ts";

/** A lock that is held until it is disposed. */
export interface Lock extends Disposable {
  /** False where it is shared, or where the file system has no locks: then several processes may be at work. */
  readonly isExclusive: boolean;
}

/** Seconds between two attempts. */
const interval = 0.1;

/**
 * Takes the lock of a file: the same lock (`flock`) that Python's huggingface_hub takes. The system gives it back when its process
 * ends, however that happens, so that none is left behind.
 *
 * @param options.isShared lets others have it who share it as well
 * @param options.onWait is called once, where somebody else holds it
 */
export async function takeLock(
  path: string,
  { signal, onWait, isShared = false }: {
    signal?: AbortSignal | undefined;
    onWait?: (() => void) | undefined;
    isShared?: boolean;
  } = {},
): Promise<Lock> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const file = await Deno.open(path, { write: true, create: true });
  let waited = false;
  try {
    while (true) {
      const taken = await tryLock(file, { isShared }).catch(() => undefined);
      if (taken === undefined) {
        file.close();
        return { isExclusive: false, [Symbol.dispose]: () => {} };
      }
      if (taken) return { isExclusive: !isShared, [Symbol.dispose]: () => file.close() };
      if (!waited) onWait?.();
      waited = true;
      await delay(interval, signal);
    }
  } catch (error) {
    file.close();
    throw error;
  }
}
