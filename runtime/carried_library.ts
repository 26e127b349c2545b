/**
 * Where ONNX Runtime's libraries are loaded from, where that is not the package: a compiled program extracts an addon without the libraries
 * beside it, so that the system's loader does not find those (denoland/deno, issue 36626), and libraries for CUDA that were fetched later
 * are looked for beside the runtime's own.
 * @module
 */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { arch, platform } from "node:process";
import { fileURLToPath } from "node:url";
import { PermissionError } from "../errors.ts";
import { carriedFolder } from "../files/carried_folder.ts";
import { type KnownFile, unpackFiles } from "../files/unpack_files.ts";
import { cudaFolder, type InstalledCuda, installedCuda } from "./cuda/installed_cuda.ts";

const addon = "onnxruntime_binding.node";

/** Where the package looks for the addon: in a compiled program, inside of it. */
function addonPath(): string {
  const main = fileURLToPath(import.meta.resolve("onnxruntime-node"));
  return join(dirname(main), "..", "bin", "napi-v6", platform, arch, addon);
}

/** Version of the package. */
export async function packageVersion(): Promise<string> {
  const path = join(dirname(addonPath()), "..", "..", "..", "..", "package.json");
  return JSON.parse(await Deno.readTextFile(path)).version;
}

/** The libraries for CUDA that were fetched for this version of the package. */
export async function fetchedCuda(): Promise<InstalledCuda | undefined> {
  return await installedCuda(await cudaFolder(await packageVersion().catch(() => "")));
}

/**
 * The folder on the disk that ONNX Runtime's libraries lie in, and in which it looks for those of its execution providers.
 *
 * @throws {PermissionError} where they are to be unpacked and the cache folder cannot be written
 */
export async function libraryFolder(): Promise<string> {
  return (await fetchedCuda())?.folder ?? await ownFolder();
}

async function ownFolder(): Promise<string> {
  return await carriedFolder("onnxruntime", dirname(addonPath()));
}

/**
 * Loads the addon out of the folder where it lies with its libraries, and hands it to the package, which asks for it by its place in the
 * package. Does nothing where that is the same.
 *
 * @throws {PermissionError} where the cache folder cannot be written, or nothing in it may be run
 */
export async function loadCarriedLibrary(): Promise<void> {
  const own = await ownFolder();
  const cuda = await fetchedCuda();
  const folder = cuda?.folder ?? own;
  if (folder === dirname(addonPath())) return;
  if (cuda) await unpackFiles(await describe(own), { from: own, to: folder, name: "onnxruntime" });
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

/** The runtime's own files, which the libraries for CUDA have to lie beside. */
async function describe(folder: string): Promise<KnownFile[]> {
  const files: KnownFile[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || name.startsWith("libonnxruntime_providers")) continue;
    const bytes = await Deno.readFile(join(folder, name));
    files.push({ path: name, bytes: bytes.byteLength, sha256: createHash("sha256").update(bytes).digest("hex") });
  }
  return files;
}
