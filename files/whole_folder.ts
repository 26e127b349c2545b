/**
 * Writes a folder whole or not at all.
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { ConfigError, ResourceError } from "../errors.ts";
import { syncFolder } from "./atomic_write.ts";

/**
 * Has a new folder written beside its place, and gives it its name at the end; on any failure nothing is left of it.
 *
 * @param write fills the folder that it is given
 * @throws {ConfigError} where there is something of that name, or no folder for it to lie in
 * @throws {ResourceError} where the disk is full
 */
export async function writeWholeFolder<Result>(
  path: string,
  write: (folder: string) => Promise<Result>,
): Promise<Result> {
  const taken = () => new ConfigError(`Cannot write ${path}: it exists, choose another name`);
  const target = resolve(path);
  const isTaken = async () => await Deno.lstat(target).then(() => true, () => false);
  if (await isTaken()) throw taken();
  const unfinished = join(dirname(target), `.${basename(target)}-${crypto.randomUUID().slice(0, 8)}`);
  await Deno.mkdir(unfinished).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new ConfigError(`Cannot write ${path}: there is no folder ${dirname(target)}, make it first`, { cause });
  });
  try {
    const result = await write(unfinished);
    if (await isTaken()) throw taken();
    await Deno.rename(unfinished, target);
    await syncFolder(dirname(target));
    return result;
  } catch (error) {
    await Deno.remove(unfinished, { recursive: true }).catch(() => {});
    if (!(error instanceof ResourceError)) throw error;
    throw new ResourceError(error.message.replaceAll(unfinished, path), { cause: error });
  }
}
