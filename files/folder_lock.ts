/**
 * Lets one process at a time work in a folder.
 * @module
 */
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { tryLock } from "./try_lock.ts";

/**
 * Locks a folder that is there, by a file `.lock` in it. The system gives the lock back when the process ends, however it ends.
 *
 * @param options.what works in it, for the error: `training`
 * @returns is disposed of to unlock it
 * @throws {ConfigError} where another process holds it
 */
export async function lockFolder(path: string, { what }: { what: string }): Promise<Disposable> {
  const lock = await Deno.open(join(path, ".lock"), { create: true, write: true });
  if (!await tryLock(lock)) {
    lock.close();
    throw new ConfigError(
      `${path}: another ${what} is running in this folder; wait for it or choose another folder`,
    );
  }
  return { [Symbol.dispose]: () => lock.close() };
}
