/**
 * Fetches ONNX Runtime's libraries for CUDA, and NVIDIA's that they ask for, out of an index of Python packages.
 * @module
 */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { ConfigError, PermissionError, ResourceError } from "../errors.ts";
import { isDiskFull, writeFileAtomic } from "../files/atomic_write.ts";
import { lockFolder } from "../files/folder_lock.ts";
import { freeBytes } from "../files/free_bytes.ts";
import type { KnownFile } from "../files/unpack_files.ts";
import { blobPath, partialEnding, repositoryFolder } from "../hub/cache_layout.ts";
import { HubClient } from "../hub/client.ts";
import { downloadBlob } from "../hub/download_blob.ts";
import { findWheel, type Wheel } from "../hub/package_index.ts";
import { readPackageSettings } from "../hub/package_settings.ts";
import type { HubEvent } from "../hub/repository.ts";
import type { HubSettings } from "../hub/settings.ts";
import { builtFor, type CudaPackage, cudaPackages, loadedLater } from "../runtime/cuda/cuda_packages.ts";
import {
  cudaFolder,
  hasCudaPackages,
  type InstalledCuda,
  installedCuda,
  manifestName,
} from "../runtime/cuda/installed_cuda.ts";
import { loadOrder } from "../runtime/cuda/load_order.ts";
import { libraryReader, neededLibraries } from "../runtime/devices/needed_libraries.ts";
import { openFixedFile } from "../weights/fixed_file.ts";
import { unpackEntry } from "../weights/pt/unpack_entry.ts";
import { readZipDirectory } from "../weights/pt/zip_directory.ts";
import { formatBytes } from "./forecast.ts";

/** What is to be fetched. */
export interface CudaPlan {
  readonly folder: string;
  readonly wheels: readonly (Wheel & {
    readonly from: CudaPackage; /** Bytes that an earlier run has left. */
    readonly here: number;
  })[];
  /** Libraries of NVIDIA that the system has and that are not fetched. */
  readonly present: readonly string[];
  readonly settings: HubSettings;
}

/** Options of both halves. */
export interface InstallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: HubEvent) => void) | undefined;
}

/**
 * Finds out what is missing and how large it is. Nothing is fetched but the index's lists.
 *
 * @param version of ONNX Runtime
 * @param options.found libraries of NVIDIA that the system's loader finds
 * @returns `undefined` where all of it is installed and intact
 * @throws {ConfigError} on systems that there are no such libraries for
 * @throws {PermissionError} where nobody may know the user's cache folder
 * @throws {HubError} where the index does not have them
 */
export async function planCuda(
  version: string,
  { found, signal, ...fixed }: {
    found: ReadonlySet<string>;
    signal?: AbortSignal | undefined;
    /** Where they go; below the user's cache folder where left out. */
    folder?: string | undefined;
    /** How the index is asked; as pip does where left out. */
    settings?: HubSettings | undefined;
  },
): Promise<CudaPlan | undefined> {
  if (!hasCudaPackages) throw new ConfigError("Cannot install CUDA's libraries: there are some for Linux x86_64 alone");
  if (!version.startsWith(`${builtFor}.`)) {
    throw new ConfigError(
      `Cannot install CUDA's libraries: those of ONNX Runtime ${builtFor} are known, not of ${version}`,
    );
  }
  const folder = fixed.folder ?? await cudaFolder(version);
  if (folder === undefined) {
    const message = "Expected a folder for CUDA's libraries: set XDG_CACHE_HOME";
    const { state } = await Deno.permissions.query({ name: "env", variable: "HOME" });
    throw state === "granted" ? new ConfigError(message) : new PermissionError(
      `${message}, and allow it to be read with --allow-env=XDG_CACHE_HOME, or HOME with --allow-env=HOME`,
    );
  }
  const installed = await installedCuda(folder);
  if (installed && await isIntact(installed)) return undefined;
  const settings = fixed.settings ?? await readPackageSettings({ cacheFolder: join(folder, "downloads") });
  const client = new HubClient(settings);
  const isPresent = ({ libraries, project }: CudaPackage) =>
    project !== "onnxruntime-gpu" && libraries.every((name) => found.has(name));
  const packages = cudaPackages(version);
  const wheels = await Promise.all(
    packages.filter((each) => !isPresent(each)).map(async (from) => {
      const wheel = await findWheel(client, from.project, { version: from.version, signal });
      return { ...wheel, from, here: await bytesHere(settings, wheel) };
    }),
  );
  return { folder, wheels, settings, present: packages.filter(isPresent).flatMap(({ libraries }) => libraries) };
}

async function bytesHere({ cacheFolder }: HubSettings, { project, hash }: Wheel): Promise<number> {
  const blob = blobPath(repositoryFolder(cacheFolder, project), hash);
  for (const path of [blob, blob + partialEnding]) {
    const found = await Deno.stat(path).catch(() => undefined);
    if (found) return found.size;
  }
  return 0;
}

/** Whether every installed file has its content still: reads all of them. */
async function isIntact({ folder, files }: InstalledCuda): Promise<boolean> {
  for (const { path, bytes, sha256 } of files) {
    const hash = createHash("sha256");
    let size = 0;
    try {
      using file = await Deno.open(join(folder, path));
      for await (const piece of file.readable) {
        hash.update(piece);
        size += piece.byteLength;
      }
    } catch {
      return false;
    }
    if (size !== bytes || hash.digest("hex") !== sha256) return false;
  }
  return true;
}

/**
 * Fetches what a plan says, each file checked against the sha256 of the index, and unpacks it. What has come is taken up again by the next
 * run, and nothing counts before the last file is there.
 *
 * @throws {HubError} where the index fails
 * @throws {ResourceError} where the disk is full, or a folder cannot be written
 * @throws {ConfigError} where another program is at it
 */
export async function installCuda(plan: CudaPlan, { signal, onEvent }: InstallOptions = {}): Promise<InstalledCuda> {
  const { folder, wheels, settings } = plan;
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    using _lock = await lockFolder(folder, { what: "installation" });
    // From here on until the end nothing is installed.
    await Deno.remove(join(folder, manifestName)).catch(() => {});
    await checkRoom(plan);
    await fetchWheels(plan, { signal, onEvent });
    const files: KnownFile[] = [];
    for (const wheel of wheels) files.push(...await unpackWheel(wheel, { folder, settings, signal }));
    const preload = await preloadsOf(folder, files);
    const packages = wheels.map(({ project, version }) => ({ project, version }));
    const manifest = { files, preload, packages } satisfies Omit<InstalledCuda, "folder">;
    await writeFileAtomic(join(folder, manifestName), new TextEncoder().encode(JSON.stringify(manifest, null, 2)));
    await Deno.remove(settings.cacheFolder, { recursive: true }).catch(() => {});
    return { ...manifest, folder };
  } catch (error) {
    throw explained(error, folder);
  }
}

/** @throws {ResourceError} where the disk has no room for the downloads and what is in them */
async function checkRoom({ folder, wheels }: CudaPlan): Promise<void> {
  // Libraries are packed to about six tenths.
  const needed = wheels.reduce((sum, { size, here }) => sum + (size - here) + size * 1.7, 0);
  const free = await freeBytes(folder);
  if (free === undefined || needed <= free) return;
  throw new ResourceError(
    `Cannot install CUDA's libraries into ${folder}: they take about ${formatBytes(needed)} and ${
      formatBytes(free)
    } are free; ` +
      "free some space or set XDG_CACHE_HOME to another folder",
  );
}

async function fetchWheels({ wheels, settings }: CudaPlan, { signal, onEvent }: InstallOptions): Promise<void> {
  const client = new HubClient(settings);
  for (const { project: id, path, size, here } of wheels) {
    onEvent?.({ type: "fetch", id, files: [{ path, size, here }] });
  }
  for (const wheel of wheels) {
    const { project: id, version, path, size: total } = wheel;
    let done = 0;
    await downloadBlob(wheel, { id, revision: version, commit: version, files: new Map() }, {
      client,
      signal,
      onBytes: (bytes) => onEvent?.({ type: "progress", id, path, done: done += bytes, total }),
    });
  }
}

/** Takes the libraries out of a wheel, each written whole or not at all. */
async function unpackWheel(
  { project, path: wheelName, hash, from }: CudaPlan["wheels"][number],
  { folder, settings, signal }: { folder: string; settings: HubSettings; signal: AbortSignal | undefined },
): Promise<KnownFile[]> {
  const wheel = await openFixedFile(blobPath(repositoryFolder(settings.cacheFolder, project), hash), "a wheel");
  const files: KnownFile[] = [];
  for (const [name, entry] of await readZipDirectory(wheel, { deflated: true })) {
    if (!from.files.test(name)) continue;
    const path = basename(name);
    const sha256 = createHash("sha256");
    const content = async function* () {
      for await (const piece of unpackEntry(wheel, entry, { name, signal })) {
        sha256.update(piece);
        yield piece;
      }
    };
    await writeFileAtomic(join(folder, path), content(), { force: true, bytes: entry.size });
    files.push({ path, bytes: entry.size, sha256: sha256.digest("hex") });
  }
  const missing = from.libraries.find((name) => !files.some(({ path }) => path === name));
  if (missing === undefined) return files;
  throw new ConfigError(`${project}: ${wheelName} does not have ${missing}: try another PIP_INDEX_URL`);
}

/** The libraries that have to be loaded before the provider. */
async function preloadsOf(folder: string, files: readonly KnownFile[]): Promise<string[]> {
  const entries = await Promise.all(
    files.map(async ({ path }) => [path, await neededLibraries(libraryReader(join(folder, path)))] as const),
  );
  const needs = new Map(entries);
  const order = loadOrder(needs, [...needs.get("libonnxruntime_providers_cuda.so") ?? [], ...loadedLater]);
  return order.filter((name) => !name.startsWith("libonnxruntime"));
}

function explained(cause: unknown, folder: string): unknown {
  if (!(cause instanceof Error)) return cause;
  const advice = "set XDG_CACHE_HOME to another folder";
  if (isDiskFull(cause)) {
    return new ResourceError(
      `Cannot install CUDA's libraries into ${folder}: the disk is full; free some space or ${advice}`,
      {
        cause,
      },
    );
  }
  const { code } = cause as { code?: string };
  const isBlocked = ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"].includes(code ?? "") &&
    !(cause instanceof Deno.errors.NotCapable);
  if (!isBlocked) return cause;
  return new PermissionError(`Cannot install CUDA's libraries into ${folder}: it cannot be written; ${advice}`, {
    cause,
  });
}
