/**
 * How much room a disk has.
 *
 * `statfs` is taken off `node:fs`: Deno 2.4 has it there, and `node:fs/promises` does not export it.
 * @module
 */
import { promises } from "node:fs";

/** Free bytes of the disk that a folder lies on; `undefined` where the system does not tell or may not be asked (`--allow-sys=statfs`). */
export async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await promises.statfs(folder);
    return bavail * bsize;
  } catch {
    // What this is asked for goes on without it.
    return undefined;
  }
}
