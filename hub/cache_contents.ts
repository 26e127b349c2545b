/**
 * What the cache holds, and what of it nobody needs.
 * @module
 */
import { join } from "node:path";
import { partialEnding, repositoryOf, snapshotFolder, unlessMissing } from "./cache_layout.ts";
import { isCommit } from "./model_id.ts";

/** A file of the cache. */
export interface CachedFile {
  readonly path: string;
  readonly bytes: number;
}

/** A commit of a repository in the cache. */
export interface CachedRevision {
  readonly commit: string;
  /** Branches and tags that were at it when they were last fetched; the commit itself where it was asked for as such. */
  readonly refs: readonly string[];
  readonly files: number;
  /** Bytes of its files, those included that other commits share. */
  readonly bytes: number;
  /** Paths of its contents. */
  readonly blobs: readonly string[];
}

/** A repository in the cache. */
export interface CachedRepository {
  /** `org/name`. */
  readonly id: string;
  readonly folder: string;
  /** Bytes on the disk. */
  readonly bytes: number;
  /** When something of it was last written. */
  readonly modified: Date;
  readonly revisions: readonly CachedRevision[];
  /** Downloads that are not complete. */
  readonly partials: readonly CachedFile[];
  /** Contents that no commit uses. */
  readonly orphans: readonly CachedFile[];
}

/** Lists all models in a cache, by name. A cache that is not there is empty. */
export async function listCache(cacheFolder: string): Promise<CachedRepository[]> {
  const found: CachedRepository[] = [];
  for (const name of await namesIn(cacheFolder)) {
    const id = repositoryOf(name);
    if (id !== undefined) found.push(await readCachedRepository(join(cacheFolder, name), { id }));
  }
  return found.sort((a, b) => a.id < b.id ? -1 : 1);
}

/** Reads what the cache holds of a model, in its folder. */
export async function readCachedRepository(folder: string, { id }: { id: string }): Promise<CachedRepository> {
  const blobs = new Map<string, CachedFile>();
  let modified = 0;
  for (const name of await namesIn(join(folder, "blobs"))) {
    const path = join(folder, "blobs", name);
    const info = await Deno.stat(path).catch(unlessMissing);
    if (!info?.isFile) continue;
    blobs.set(await Deno.realPath(path), { path, bytes: info.size });
    modified = Math.max(modified, info.mtime?.getTime() ?? 0);
  }
  const refs = await readRefs(join(folder, "refs"));
  const revisions: CachedRevision[] = [];
  for (const commit of (await namesIn(join(folder, "snapshots"))).filter(isCommit)) {
    const files = await contentsOf(snapshotFolder(folder, commit));
    revisions.push({
      commit,
      refs: refs.filter((ref) => ref.commit === commit).map(({ name }) => name),
      files: files.length,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      blobs: [...new Set(files.map(({ path }) => path))],
    });
  }
  const used = new Set(revisions.flatMap(({ blobs }) => blobs));
  const rest = [...blobs].filter(([real]) => !used.has(real)).map(([, file]) => file);
  const own = [...used].filter((path) => !blobs.has(path)).length > 0
    ? revisions.reduce((sum, { bytes }) => sum + bytes, 0)
    : 0;
  return {
    id,
    folder,
    bytes: own + [...blobs.values()].reduce((sum, { bytes }) => sum + bytes, 0),
    modified: new Date(modified),
    revisions,
    partials: rest.filter(({ path }) => path.endsWith(partialEnding)),
    orphans: rest.filter(({ path }) => !path.endsWith(partialEnding)),
  };
}

/** Real paths and sizes of the contents of a snapshot. */
async function contentsOf(folder: string): Promise<CachedFile[]> {
  const files: CachedFile[] = [];
  for (const { name, isDirectory } of await entriesIn(folder)) {
    const path = join(folder, name);
    if (isDirectory) files.push(...await contentsOf(path));
    else {
      const info = await Deno.stat(path).catch(unlessMissing);
      if (info) files.push({ path: await Deno.realPath(path), bytes: info.size });
    }
  }
  return files;
}

async function readRefs(folder: string, prefix = ""): Promise<{ name: string; commit: string }[]> {
  const refs: { name: string; commit: string }[] = [];
  for (const { name, isDirectory } of await entriesIn(folder)) {
    const path = join(folder, name);
    if (isDirectory) refs.push(...await readRefs(path, `${prefix}${name}/`));
    else refs.push({ name: prefix + name, commit: (await Deno.readTextFile(path)).trim() });
  }
  return refs;
}

/** Entries of a folder by name; none where it is not there. */
export async function entriesIn(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    return unlessMissing(error) ?? [];
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await entriesIn(folder)).map(({ name }) => name);
}
