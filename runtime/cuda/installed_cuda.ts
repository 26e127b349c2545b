/**
 * The libraries for CUDA that `wuerstchen doctor --install cuda` has put into the user's cache folder.
 * @module
 */
import { join } from "node:path";
import { arch, platform } from "node:process";
import { ResourceError } from "../../errors.ts";
import { userCacheFolder } from "../../files/cache_folder.ts";
import type { KnownFile } from "../../files/unpack_files.ts";

/** What was installed. */
export interface InstalledCuda {
  readonly folder: string;
  /** Files in it. */
  readonly files: readonly KnownFile[];
  /** Those of them that are to be loaded before the runtime's own, in this order. */
  readonly preload: readonly string[];
  /** Where they came from. */
  readonly packages: readonly { readonly project: string; readonly version: string }[];
}

/** Name of the file that is written last: without it nothing counts. */
export const manifestName = "installed.json";

/** Whether there are such libraries for this system at all. */
export const hasCudaPackages = platform === "linux" && arch === "x64";

/**
 * Folder for the libraries of a version of ONNX Runtime: another version never finds them.
 *
 * @returns `undefined` where no cache folder is known, or there are no such libraries for this system
 */
export async function cudaFolder(version: string): Promise<string | undefined> {
  const cache = hasCudaPackages ? await userCacheFolder() : undefined;
  return cache === undefined ? undefined : join(cache, "cuda", `onnxruntime-${version}`);
}

/** What is installed in a folder; nothing where none is, or nobody may look. */
export async function installedCuda(folder: string | undefined): Promise<InstalledCuda | undefined> {
  if (folder === undefined) return undefined;
  const path = join(folder, manifestName);
  if ((await Deno.permissions.query({ name: "read", path })).state !== "granted") return undefined;
  const text = await Deno.readTextFile(path).catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return { ...JSON.parse(text) as Omit<InstalledCuda, "folder">, folder };
  } catch {
    // It is written whole: somebody else has changed it.
    return undefined;
  }
}

/**
 * Loads the libraries that those of ONNX Runtime ask for: the system's loader, which looks into no folder of ours, then finds them by their
 * names.
 *
 * @throws {ResourceError} where a file is missing or cut, or cannot be loaded
 */
export async function preloadCuda({ folder, files, preload }: InstalledCuda): Promise<void> {
  const again = "run wuerstchen doctor --install cuda again";
  for (const { path, bytes } of files) {
    const size = (await Deno.stat(join(folder, path)).catch(() => undefined))?.size;
    if (size === bytes) continue;
    const found = size === undefined ? "is missing" : `has ${size} bytes in place of ${bytes}`;
    throw new ResourceError(`${join(folder, path)}: this library for CUDA ${found}: ${again}`);
  }
  for (const name of preload) {
    try {
      Deno.dlopen(join(folder, name), {});
    } catch (cause) {
      if (cause instanceof Deno.errors.NotCapable) throw cause;
      throw new ResourceError(`Cannot load ${name} for CUDA: ${(cause as Error).message.split("\n")[0]}; ${again}`, {
        cause,
      });
    }
  }
}
