/**
 * Removes from the cache what was chosen, and nothing that something else needs.
 * @module
 */
import { basename, dirname, join } from "node:path";
import { ConfigError } from "../errors.ts";
import { type CachedFile, type CachedRepository, readCachedRepository } from "./cache_contents.ts";
import { snapshotFolder, unlessMissing } from "./cache_layout.ts";
import { parseModelId } from "./model_id.ts";
import { claimRepository } from "./repository_lock.ts";

/** What is to be removed: nothing has happened yet. */
export interface Removal {
  /** What it is, for people: `org/name`, `org/name@commit` or a file. */
  readonly what: string;
  /** Files and folders. */
  readonly paths: readonly string[];
  /** Bytes that become free. */
  readonly bytes: number;
  /** The repository that it belongs to; nothing where it belongs to none. */
  readonly repository?: RemovalSource;
}

/** A repository that something is to be removed of. */
interface RemovalSource {
  /** `org/name`. */
  readonly id: string;
  readonly folder: string;
  /** Plans the same of the repository as it has become; nothing where that has nothing to be removed any more. */
  again(now: CachedRepository): Removal | undefined;
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
      return wholeRepository(repository);
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
    return wholeRevision(repository, matches[0]!.commit);
  });
}

/** Plans to remove revisions that no branch or tag is at and nobody has asked for by their commit, contents that nothing uses, and downloads that were given up. */
export function planPruning(repositories: readonly CachedRepository[]): Removal[] {
  return repositories.flatMap((repository) => {
    const { id, folder, revisions, partials, orphans } = repository;
    const again = (what: string) => (now: CachedRepository) => planPruning([now]).find((one) => one.what === what);
    const detached = revisions.filter(({ refs }) => refs.length === 0).map(({ commit }) => {
      const removal = wholeRevision(repository, commit);
      return { ...removal, repository: { id, folder, again: again(removal.what) } };
    });
    const rest = [...partials, ...orphans].map(({ path, bytes }): Removal => {
      const what = `${id}: ${basename(path)}`;
      return { what, paths: [path], bytes, repository: { id, folder, again: again(what) } };
    });
    return [...detached, ...rest];
  });
}

function wholeRepository({ id, folder, bytes }: CachedRepository): Removal {
  return { what: id, paths: [folder], bytes, repository: { id, folder, again: wholeRepository } };
}

function wholeRevision({ id, folder, revisions }: CachedRepository, commit: string): Removal {
  const kept = new Set(revisions.filter((one) => one.commit !== commit).flatMap(({ blobs }) => blobs));
  const { blobs, refs } = revisions.find((one) => one.commit === commit)!;
  const sizes: CachedFile[] = blobs.filter((path) => !kept.has(path)).map((path) => ({ path, bytes: sizeOf(path) }));
  return {
    what: `${id}@${commit}`,
    paths: [
      ...refs.map((ref) => join(folder, "refs", ref)),
      snapshotFolder(folder, commit),
      ...sizes.map(({ path }) => path),
    ],
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    repository: {
      id,
      folder,
      again: (now) => now.revisions.some((one) => one.commit === commit) ? wholeRevision(now, commit) : undefined,
    },
  };
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

/** What {@linkcode remove} has done. */
export interface RemovalOutcome {
  readonly removed: readonly Removal[];
  /** Repositories, `org/name`, that were left alone: they are being fetched. */
  readonly busy: readonly string[];
}

/**
 * Removes what was planned. A repository that is being fetched is left alone, and since somebody may have fetched something between
 * plan and removal, only that is removed which would be planned again.
 *
 * @param options.dryRun removes nothing
 */
export async function remove(
  removals: readonly Removal[],
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<RemovalOutcome> {
  const removed: Removal[] = [];
  const busy = new Set<string>();
  for (const removal of removals) {
    if (!removal.repository) {
      if (!dryRun) await removePaths(removal);
      removed.push(removal);
      continue;
    }
    const { id, folder, again } = removal.repository;
    using claim = await claimRepository({ cacheFolder: dirname(folder), id }, { isDry: dryRun });
    if (!claim) {
      busy.add(id);
      continue;
    }
    const now = dryRun ? removal : again(await readCachedRepository(folder, { id }));
    if (!now) continue;
    if (!dryRun) await removePaths(now);
    removed.push(now);
  }
  return { removed, busy: [...busy] };
}

async function removePaths({ paths }: Removal): Promise<void> {
  for (const path of paths) await Deno.remove(path, { recursive: true }).catch(unlessMissing);
}
