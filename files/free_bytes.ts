/**
 * How much room a disk has.
 *
 * `statfs` is taken off `node:fs`: Deno 2.4 has it there, and `node:fs/promises` does not export it.
 * @module
 */
import { promises } from "node:fs";
import { PermissionError } from "../errors.ts";

/**
 * Free bytes of the disk that a folder lies on.
 *
 * @returns `undefined` where the system does not tell
 * @throws {PermissionError} where it may not be asked
 */
export async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await promises.statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) return undefined;
    const { state } = await Deno.permissions.query({ name: "sys", kind: "statfs" });
    if (state === "granted") throw error;
    throw new PermissionError(`Cannot see whether ${folder} has room: run with --allow-sys=statfs`, { cause: error });
  }
}
