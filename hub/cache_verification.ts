/**
 * Whether what the cache holds is still what it was.
 * @module
 */
import { join } from "node:path";
import { hashBlob } from "./blob_hash.ts";
import { type CachedFile, type CachedRepository, entriesIn } from "./cache_contents.ts";
import { snapshotFolder, unlessMissing } from "./cache_layout.ts";

/** A file of the cache whose contents are not what they have to be. */
export interface DamagedFile extends CachedFile {
  readonly id: string;
  /** Hash that it should have, its name; nothing where it is a copy in a snapshot, of no contents that the repository has. */
  readonly expected: string | undefined;
  /** Hash that it has. */
  readonly found: string;
}

/** What {@linkcode verifyRepositories} has found. */
export interface Verification {
  /** Files that were hashed. */
  readonly files: number;
  readonly damaged: readonly DamagedFile[];
  /** Links in snapshots whose contents are gone. */
  readonly missing: readonly { readonly id: string; readonly path: string }[];
  /** Files in snapshots that nothing says the hash of: Python moves contents there where a system has no links. */
  readonly unknown: number;
}

/** Options of {@linkcode verifyRepositories}. */
export interface VerifyOptions {
  /** Is told how many bytes more are read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Hashes every content of repositories and compares with its name, then looks whether every file of their commits has one. */
export async function verifyRepositories(
  repositories: readonly CachedRepository[],
  options: VerifyOptions = {},
): Promise<Verification> {
  const found = [];
  for (const repository of repositories) found.push(await verifyRepository(repository, options));
  return {
    files: found.reduce((sum, { files }) => sum + files, 0),
    damaged: found.flatMap(({ damaged }) => damaged),
    missing: found.flatMap(({ missing }) => missing),
    unknown: found.reduce((sum, { unknown }) => sum + unknown, 0),
  };
}

async function verifyRepository(
  { id, folder, revisions }: CachedRepository,
  options: VerifyOptions,
): Promise<Verification> {
  const damaged: DamagedFile[] = [];
  const missing: { id: string; path: string }[] = [];
  const hashes = (await entriesIn(join(folder, "blobs"))).map(({ name }) => name)
    .filter((name) => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(name));
  const inodes = new Set<string>();
  for (const expected of hashes) {
    const path = join(folder, "blobs", expected);
    const found = await hashBlob(path, { ...options, expected });
    const info = await Deno.stat(path);
    if (info.ino !== null) inodes.add(`${info.dev}:${info.ino}`);
    if (found !== expected) damaged.push({ id, path, bytes: info.size, expected, found });
  }
  let files = hashes.length;
  let unknown = 0;
  for (const { commit } of revisions) {
    for await (const { path, isSymlink } of filesIn(snapshotFolder(folder, commit))) {
      const info = await Deno.stat(path).catch(unlessMissing);
      if (!info) missing.push({ id, path });
      // What a link or a second name leads to was hashed as a blob.
      if (!info || isSymlink || inodes.has(`${info.dev}:${info.ino}`)) continue;
      if (hashes.length === 0) {
        unknown++;
        continue;
      }
      files++;
      const wrong = await hashUnknown(path, hashes, options);
      if (wrong !== undefined) damaged.push({ id, path, bytes: info.size, expected: undefined, found: wrong });
    }
  }
  return { files, damaged, missing, unknown };
}

/** The hash of a copy that is none of those which the repository has. */
async function hashUnknown(
  path: string,
  hashes: readonly string[],
  options: VerifyOptions,
): Promise<string | undefined> {
  let found = "";
  // Large files have the longer form.
  for (const length of [64, 40]) {
    const expected = hashes.find((hash) => hash.length === length);
    if (expected === undefined) continue;
    found = await hashBlob(path, { ...options, expected });
    if (hashes.includes(found)) return undefined;
  }
  return found;
}

async function* filesIn(folder: string): AsyncGenerator<{ path: string; isSymlink: boolean }> {
  for (const { name, isDirectory, isSymlink } of await entriesIn(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* filesIn(path);
    // What a process that was killed was about to rename is no file of the commit.
    else if (!/^\.[0-9a-f-]{36}\.tmp$/.test(name)) yield { path, isSymlink };
  }
}
