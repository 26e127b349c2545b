/**
 * One file that holds all of a model, for machines that are never online: a tar archive whose first file, `bundle.json`, says what
 * the others, `blobs/<hash>`, are called. On the other machine they are put into the cache, once, each checked against its hash; so
 * a bundle is taken apart by any tar as well.
 * @module
 */
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { CheckpointError, ResourceError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { containedPath } from "../files/contained_path.ts";
import { freeBytes } from "../files/free_bytes.ts";
import { readTar, tarEnd, type TarEntry, tarHeader, tarPadding } from "../files/tar.ts";
import { parseStrictJson } from "../weights/strict_json.ts";
import { blobHash, hashBlob } from "./blob_hash.ts";
import {
  blobPath,
  lockPath,
  partialEnding,
  placeInSnapshot,
  readRef,
  repositoryFolder,
  snapshotFolder,
  writeRef,
} from "./cache_layout.ts";
import { hasBlob } from "./download_blob.ts";
import { takeLock } from "./lock.ts";
import { isCommit, parseModelId } from "./model_id.ts";
import { holdRepository } from "./repository_lock.ts";

const manifestName = "bundle.json";
const maxManifestBytes = 16 << 20;

const size = z.int().nonnegative();
const repositorySchema = z.strictObject({
  id: z.string().refine((id) => parseModelId(id)?.id === id),
  revision: z.string(),
  commit: z.string().refine(isCommit),
  files: z.array(z.strictObject({ path: z.string(), size, hash: z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/) })),
});
const manifestSchema = z.strictObject({
  format: z.literal("wuerstchen-bundle"),
  version: z.literal(1),
  /** First the one that the model is asked for by, then that of its prior, where that is another. */
  repositories: z.array(repositorySchema).min(1).max(2),
});

/** What `bundle.json` says. */
export type BundleManifest = z.output<typeof manifestSchema>;

/** A repository of a bundle: its files lie in `folder`. */
export interface BundledRepository extends z.output<typeof repositorySchema> {
  readonly folder: string;
}

/** Describes files of a folder, hashing them. */
export async function describeFiles(
  folder: string,
  paths: readonly string[],
  { signal, onBytes }: { signal?: AbortSignal | undefined; onBytes?: ((bytes: number) => void) | undefined } = {},
): Promise<{ path: string; size: number; hash: string }[]> {
  const files: { path: string; size: number; hash: string }[] = [];
  for (const path of paths) {
    const file = join(folder, path);
    const { size } = await Deno.stat(file);
    // The cache knows the hash already: it is the name that the link leads to. It is checked when the bundle is opened.
    const known = basename(await Deno.realPath(file));
    const isKnown = /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(known);
    const hash = isKnown ? known : await hashBlob(file, { expected: "0".repeat(64), signal, onBytes });
    files.push({ path, size, hash });
  }
  return files;
}

/**
 * Writes a bundle, whole or not at all.
 *
 * @throws {ConfigError} where the file exists and `force` is not set
 * @throws {ResourceError} where the disk is full
 */
export async function writeBundle(
  path: string,
  repositories: readonly BundledRepository[],
  { force = false, onBytes, signal }: {
    force?: boolean | undefined;
    onBytes?: ((bytes: number) => void) | undefined;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<void> {
  const manifest: BundleManifest = {
    format: "wuerstchen-bundle",
    version: 1,
    repositories: repositories.map(({ id, revision, commit, files }) => ({ id, revision, commit, files })),
  };
  const text = new TextEncoder().encode(JSON.stringify(manifest, null, 1));
  const blobs = new Map(
    repositories.flatMap(({ folder, files }) =>
      files.map(({ path, size, hash }) => [hash, { file: join(folder, path), size }] as const)
    ),
  );
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield* entry(manifestName, text);
    for (const [hash, { file, size }] of blobs) {
      yield tarHeader(`blobs/${hash}`, size);
      yield* contents(file, { size, onBytes, signal });
      yield new Uint8Array(tarPadding(size));
    }
    yield tarEnd;
  }
  const bytes = [...blobs.values()].reduce(
    (sum, { size }) => sum + 512 + size + tarPadding(size),
    text.byteLength + 2048,
  );
  await writeFileAtomic(path, chunks(), { force, bytes });
}

function* entry(name: string, bytes: Uint8Array): Generator<Uint8Array> {
  yield tarHeader(name, bytes.byteLength);
  yield bytes;
  yield new Uint8Array(tarPadding(bytes.byteLength));
}

async function* contents(
  path: string,
  { size, onBytes, signal }: {
    size: number;
    onBytes: ((bytes: number) => void) | undefined;
    signal: AbortSignal | undefined;
  },
): AsyncGenerator<Uint8Array> {
  using file = await Deno.open(path);
  const buffer = new Uint8Array(1 << 20);
  let left = size;
  for (let count = await file.read(buffer); count !== null && left > 0; count = await file.read(buffer)) {
    signal?.throwIfAborted();
    left -= count;
    if (left >= 0) yield buffer.subarray(0, count);
    onBytes?.(count);
  }
  if (left !== 0) throw new CheckpointError(`${path}: the file has changed while it was bundled: try again`);
}

/** Whether a file is an archive, as bundles are. */
export async function isArchive(path: string): Promise<boolean> {
  using file = await Deno.open(path);
  await file.seek(257, Deno.SeekMode.Start);
  const magic = new Uint8Array(5);
  return await file.read(magic) === 5 && new TextDecoder().decode(magic) === "ustar";
}

/** A bundle that lies in the cache. */
export interface OpenedBundle {
  /** Folders of its repositories, in the manifest's order. */
  readonly repositories: readonly { readonly id: string; readonly commit: string; readonly folder: string }[];
}

/**
 * Reads what a bundle holds.
 *
 * @throws {CheckpointError} where it is none, or names a file that could leave its folder
 */
export async function readManifest(file: Deno.FsFile, { path }: { path: string }): Promise<BundleManifest> {
  const { value: first } = await readTar(file, { path }).next();
  const none = (cause?: unknown) =>
    new CheckpointError(`${path}: Expected a bundle of wuerstchen: make one with wuerstchen bundle`, { cause });
  if (!first || first.name !== manifestName || first.size > maxManifestBytes) throw none();
  await file.seek(first.start, Deno.SeekMode.Start);
  const bytes = new Uint8Array(first.size);
  for (let at = 0; at < bytes.byteLength;) at += await file.read(bytes.subarray(at)) ?? Infinity;
  let json: unknown;
  try {
    json = parseStrictJson(bytes);
  } catch (error) {
    throw none(error);
  }
  const result = manifestSchema.safeParse(json);
  if (!result.success) throw none(result.error);
  for (const { id, revision, files } of result.data.repositories) {
    parseModelId(`${id}@${revision}`);
    for (const file of files) containedPath(".", file.path, { source: path });
  }
  return result.data;
}

/**
 * Puts what a bundle holds into the cache, unless it is there.
 *
 * @throws {CheckpointError} where it is damaged; nothing of that file is kept
 * @throws {ResourceError} before anything is written, where the disk has no room
 */
export async function openBundle(
  path: string,
  { cacheFolder, signal }: { cacheFolder: string; signal?: AbortSignal | undefined },
): Promise<OpenedBundle> {
  using file = await Deno.open(path);
  const manifest = await readManifest(file, { path });
  using holds = new DisposableStack();
  for (const { id } of manifest.repositories) holds.use(await holdRepository({ cacheFolder, id }, { signal }));
  const missing = await missingBlobs(manifest, cacheFolder);
  if (missing.size > 0) {
    await checkRoom(missing, { path, cacheFolder });
    for await (const { name, size, start } of readTar(file, { path })) {
      for (const wanted of missing.get(name.replace(/^blobs\//, "")) ?? []) {
        if (wanted.size !== size) throw damaged(path, name);
        await extract(file, { name, size, start }, { ...wanted, path, cacheFolder, signal });
      }
    }
    const [left] = (await missingBlobs(manifest, cacheFolder)).keys();
    if (left !== undefined) throw new CheckpointError(`${path}: the bundle lacks blobs/${left}: get it again`);
  }
  const repositories = [];
  for (const { id, revision, commit, files } of manifest.repositories) {
    const repository = repositoryFolder(cacheFolder, id);
    for (const { path, hash } of files) await placeInSnapshot(repository, { commit, path, hash });
    // What was fetched since is newer.
    if (isCommit(revision) || await readRef(repository, revision) === undefined) {
      await writeRef(repository, { revision, commit });
    }
    repositories.push({ id, commit, folder: snapshotFolder(repository, commit) });
  }
  return { repositories };
}

interface WantedBlob {
  readonly id: string;
  readonly hash: string;
  readonly size: number;
}

async function missingBlobs(
  { repositories }: BundleManifest,
  cacheFolder: string,
): Promise<Map<string, WantedBlob[]>> {
  const missing = new Map<string, WantedBlob[]>();
  for (const { id, files } of repositories) {
    for (const { hash, size } of new Map(files.map((file) => [file.hash, file])).values()) {
      if (await hasBlob(blobPath(repositoryFolder(cacheFolder, id), hash), size)) continue;
      // Both repositories may have the same file.
      missing.set(hash, [...missing.get(hash) ?? [], { id, hash, size }]);
    }
  }
  return missing;
}

async function checkRoom(
  missing: ReadonlyMap<string, readonly WantedBlob[]>,
  { path, cacheFolder }: { path: string; cacheFolder: string },
): Promise<void> {
  const needed = [...missing.values()].flat().reduce((sum, { size }) => sum + size, 0);
  await Deno.mkdir(cacheFolder, { recursive: true });
  const free = await freeBytes(cacheFolder);
  if (free === undefined || needed <= free) return;
  throw new ResourceError(
    `${path}: ${needed} bytes are to be put into ${cacheFolder} and ${free} are free: free some space, or set HF_HOME to another disk`,
  );
}

/** Copies one content into the cache, visible only when its hash is right. */
async function extract(
  file: Deno.FsFile,
  { name, size, start }: TarEntry,
  { id, hash: expected, path, cacheFolder, signal }: WantedBlob & {
    path: string;
    cacheFolder: string;
    signal: AbortSignal | undefined;
  },
): Promise<void> {
  const blob = blobPath(repositoryFolder(cacheFolder, id), expected);
  await Deno.mkdir(dirname(blob), { recursive: true });
  using _lock = await takeLock(lockPath(cacheFolder, id, expected), { signal });
  if (await hasBlob(blob, size)) return;
  const partial = `${blob}.${crypto.randomUUID().slice(0, 8)}${partialEnding}`;
  const hash = blobHash(expected, { size });
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(1 << 20);
    await file.seek(start, Deno.SeekMode.Start);
    for (let left = size; left > 0;) {
      signal?.throwIfAborted();
      const count = await file.read(buffer.subarray(0, Math.min(left, buffer.byteLength)));
      if (count === null) throw damaged(path, name);
      const bytes = buffer.subarray(0, count);
      hash.update(bytes);
      left -= count;
      yield bytes;
    }
  }
  try {
    await writeFileAtomic(partial, chunks(), { bytes: size });
    if (hash.digest("hex") !== expected) throw damaged(path, name);
    await Deno.rename(partial, blob);
  } catch (error) {
    await Deno.remove(partial).catch(() => {});
    throw error;
  }
}

function damaged(path: string, name: string): CheckpointError {
  return new CheckpointError(`${path}: ${name} is not what the bundle says, it is damaged: get it again`);
}
