/**
 * How much room a disk has.
 * @module
 */
import { statfs } from "node:fs/promises";

/** Free bytes of the disk that a folder lies on; `undefined` where the system does not tell or may not be asked (`--allow-sys=statfs`). */
export async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    // What this is asked for goes on without it.
    return undefined;
  }
}
