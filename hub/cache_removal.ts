/**
 * Removes from the cache what was chosen, and nothing that something else needs.
 * @module
 */
import { basename, dirname, join } from "node:path";
import { ConfigError } from "../errors.ts";
import { tryLock } from "../files/try_lock.ts";
import type { CachedFile, CachedRepository } from "./cache_contents.ts";
import { lockPath, partialEnding, snapshotFolder, unlessMissing } from "./cache_layout.ts";
import { parseModelId } from "./model_id.ts";

/** What is to be removed: nothing has happened yet. */
export interface Removal {
  /** What it is, for people: `org/name`, `org/name@commit` or a file. */
  readonly what: string;
  readonly id: string;
  /** Files and folders. */
  readonly paths: readonly string[];
  /** Bytes that become free. */
  readonly bytes: number;
}

/**
 * Plans to remove repositories, or single revisions (`org/name@revision`, a commit's first digits suffice).
 *
 * @throws {ConfigError} where one is not in the cache
 */
export function planRemoval(repositories: readonly CachedRepository[], names: readonly string[]): Removal[] {
  return names.map((name) => {
    const [id, revision] = name.split("@") as [string, string | undefined];
    const repository = repositories.find((one) => one.id === (parseModelId(name)?.id ?? id));
    if (!repository) {
      throw new ConfigError(`${name}: is not in the cache: wuerstchen cache ls lists what is`);
    }
    if (revision === undefined) {
      return { what: repository.id, id: repository.id, paths: [repository.folder], bytes: repository.bytes };
    }
    const matches = repository.revisions.filter(({ commit, refs }) =>
      refs.includes(revision) || /^[0-9a-f]{6,40}$/.test(revision) && commit.startsWith(revision)
    );
    if (matches.length !== 1) {
      const there = repository.revisions.map(({ commit, refs }) => [...refs, commit.slice(0, 12)].join(" = ")).join(
        ", ",
      );
      throw new ConfigError(`${name}: Expected one revision of ${there || "none"}`);
    }
    return removalOf(repository, matches[0]!.commit);
  });
}

/** Plans to remove revisions that no branch or tag is at, contents that nothing uses, and downloads that were given up. */
export function planPruning(repositories: readonly CachedRepository[]): Removal[] {
  return repositories.flatMap((repository) => {
    const { id, revisions, partials, orphans } = repository;
    const detached = revisions.filter(({ refs }) => refs.length === 0).map(({ commit }) =>
      removalOf(repository, commit)
    );
    const rest = [...partials, ...orphans].map(({ path, bytes }): Removal => ({
      what: `${id}: ${basename(path)}`,
      id,
      paths: [path],
      bytes,
    }));
    return [...detached, ...rest];
  });
}

function removalOf({ id, folder, revisions }: CachedRepository, commit: string): Removal {
  const kept = new Set(revisions.filter((one) => one.commit !== commit).flatMap(({ blobs }) => blobs));
  const { blobs, refs } = revisions.find((one) => one.commit === commit)!;
  const sizes: CachedFile[] = blobs.filter((path) => !kept.has(path)).map((path) => ({ path, bytes: sizeOf(path) }));
  return {
    what: `${id}@${commit}`,
    id,
    paths: [
      ...refs.map((ref) => join(folder, "refs", ref)),
      snapshotFolder(folder, commit),
      ...sizes.map(({ path }) => path),
    ],
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

/**
 * Removes what was planned. A download that is going on is left alone.
 *
 * @returns the removals that were made
 */
export async function remove(removals: readonly Removal[]): Promise<Removal[]> {
  const done: Removal[] = [];
  for (const removal of removals) {
    if (await isBusy(removal)) continue;
    for (const path of removal.paths) await Deno.remove(path, { recursive: true }).catch(unlessMissing);
    done.push(removal);
  }
  return done;
}

/** Whether a partial file is being written: then its lock is held. */
async function isBusy({ id, paths: [path = ""] }: Removal): Promise<boolean> {
  if (!path.endsWith(partialEnding)) return false;
  const [hash = ""] = basename(path).split(".");
  const lock = lockPath(dirname(dirname(dirname(path))), id, hash);
  const file = await Deno.open(lock, { write: true }).catch(unlessMissing);
  if (!file) return false;
  try {
    return !await tryLock(file).catch(() => true);
  } finally {
    file.close();
  }
}
