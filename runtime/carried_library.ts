/**
 * ONNX Runtime's libraries in a compiled program. `deno compile` embeds them, and extracts an addon without the libraries beside it, so
 * that the system's loader does not find those (denoland/deno, issue 36626).
 * @module
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { arch, platform } from "node:process";
import { fileURLToPath } from "node:url";
import { PermissionError } from "../errors.ts";
import { carriedFolder } from "../files/carried_folder.ts";

const addon = "onnxruntime_binding.node";

/** Where the package looks for the addon: in a compiled program, inside of it. */
function addonPath(): string {
  const main = fileURLToPath(import.meta.resolve("onnxruntime-node"));
  return join(dirname(main), "..", "bin", "napi-v6", platform, arch, addon);
}

/**
 * The folder on the disk that ONNX Runtime's libraries lie in, and in which it looks for those of its execution providers.
 *
 * @throws {PermissionError} where they are to be unpacked and the cache folder cannot be written
 */
export async function libraryFolder(): Promise<string> {
  return await carriedFolder("onnxruntime", dirname(addonPath()));
}

/**
 * Loads the addon out of the user's cache folder, where it lies with its libraries, and hands it to the package, which asks for it by its
 * place in the program. Does nothing outside of a compiled program.
 *
 * @throws {PermissionError} where the cache folder cannot be written, or nothing in it may be run
 */
export async function loadCarriedLibrary(): Promise<void> {
  if (!Deno.build.standalone) return;
  const folder = await libraryFolder();
  const require = createRequire(join(folder, addon));
  try {
    const [id, exports] = [addonPath(), require(`./${addon}`)];
    require.cache[id] = { id, filename: id, loaded: true, exports } as NodeJS.Module;
  } catch (cause) {
    // The loader's words where a disk is mounted with noexec.
    if (!(cause instanceof Error && /failed to map segment|not permitted/.test(cause.message))) throw cause;
    throw new PermissionError(
      `Cannot run ONNX Runtime from ${folder}: programs are not allowed there; set XDG_CACHE_HOME to another folder`,
      { cause },
    );
  }
}
