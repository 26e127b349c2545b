/**
 * Where the cache keeps what: the layout of Python's huggingface_hub, so that both share it.
 *
 * ```
 * models--org--name/blobs/<hash>               contents by their hash
 * models--org--name/snapshots/<commit>/<path>  links to them
 * models--org--name/refs/<revision>            the commit of a branch or tag, or of itself where it was asked for by its commit
 * .locks/models--org--name/<hash>.lock         held while a blob is written
 * .locks/models--org--name/repository.lock     held while a repository is fetched, by us alone
 * ```
 * @module
 */
import { dirname, join, relative } from "node:path";
import { CheckpointError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { containedPath } from "../files/contained_path.ts";
import { isCommit } from "./model_id.ts";

/** Ending of a blob that is not complete. */
export const partialEnding = ".incomplete";

/** Folder of a repository in the cache. */
export function repositoryFolder(cacheFolder: string, id: string): string {
  return join(cacheFolder, `models--${id.replaceAll("/", "--")}`);
}

/** The repository that a folder of the cache belongs to; `undefined` where it is none of a model. */
export function repositoryOf(folderName: string): string | undefined {
  return /^models--(.+)$/.exec(folderName)?.[1]?.replaceAll("--", "/");
}

/** Path of a blob. */
export function blobPath(repository: string, hash: string): string {
  return join(repository, "blobs", hash);
}

/** Path of the lock of a blob. */
export function lockPath(cacheFolder: string, id: string, hash: string): string {
  return join(cacheFolder, ".locks", `models--${id.replaceAll("/", "--")}`, `${hash}.lock`);
}

/** Folder of a commit's files. */
export function snapshotFolder(repository: string, commit: string): string {
  return join(repository, "snapshots", commit);
}

/** The repository and commit that a folder in a snapshot belongs to, as `org/name@commit`; `undefined` where it lies in none. */
export function snapshotName(folder: string): string | undefined {
  const [, name, commit] = /[\\/](models--[^\\/]+)[\\/]snapshots[\\/]([0-9a-f]{40})(?=[\\/]|$)/.exec(folder) ?? [];
  const id = name === undefined ? undefined : repositoryOf(name);
  return id === undefined ? undefined : `${id}@${commit}`;
}

/** The commit that a revision was at when it was last fetched. */
export async function readRef(repository: string, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  const path = containedPath(join(repository, "refs"), revision, { source: repository });
  const text = await Deno.readTextFile(path).catch(unlessMissing);
  const commit = text?.trim();
  if (commit === undefined || isCommit(commit)) return commit;
  throw new CheckpointError(`${path}: Expected a commit of 40 digits: remove this file`);
}

/**
 * Remembers the commit of a revision. A commit that was asked for as such is one too: Python's huggingface_hub writes none for it, and
 * takes it for a tag, so that neither prunes what somebody wants.
 */
export async function writeRef(
  repository: string,
  { revision, commit }: { revision: string; commit: string },
): Promise<void> {
  const path = containedPath(join(repository, "refs"), revision, { source: repository });
  if ((await Deno.readTextFile(path).catch(() => undefined))?.trim() === commit) return;
  await Deno.mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, new TextEncoder().encode(commit), { force: true });
}

/** Puts a blob under its name into a snapshot: as a link, or, where there are none, as a second name or a copy. */
export async function placeInSnapshot(
  repository: string,
  { commit, path, hash }: { commit: string; path: string; hash: string },
): Promise<void> {
  const blob = blobPath(repository, hash);
  const pointer = containedPath(snapshotFolder(repository, commit), path, { source: repository });
  const target = relative(dirname(pointer), blob);
  const present = await Deno.readLink(pointer).catch(() => undefined);
  if (present === target) return;
  await Deno.mkdir(dirname(pointer), { recursive: true });
  // Made beside and renamed, so that another process never finds nothing there.
  const temporary = join(dirname(pointer), `.${crypto.randomUUID()}.tmp`);
  try {
    await Deno.symlink(target, temporary).catch(() => Deno.link(blob, temporary)).catch(() =>
      Deno.copyFile(blob, temporary)
    );
    await Deno.rename(temporary, pointer);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** Paths of all files of a snapshot whose contents are there; `undefined` where there is no snapshot. */
export async function snapshotFiles(folder: string): Promise<string[] | undefined> {
  const found: string[] = [];
  async function visit(inner: string): Promise<void> {
    for await (const { name, isDirectory } of Deno.readDir(join(folder, inner))) {
      const path = inner === "" ? name : `${inner}/${name}`;
      if (isDirectory) await visit(path);
      else if ((await Deno.stat(join(folder, path)).catch(unlessMissing))?.isFile) found.push(path);
    }
  }
  try {
    await visit("");
  } catch (error) {
    return unlessMissing(error);
  }
  return found.sort();
}

/** `undefined` for an error that says that something is not there; throws any other. */
export function unlessMissing(error: unknown): undefined {
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
  throw error;
}
