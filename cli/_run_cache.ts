/**
 * What the `wuerstchen cache` commands do.
 * @module
 */
import { CheckpointError, ConfigError } from "../errors.ts";
import { userCacheFolder } from "../files/cache_folder.ts";
import { type CachedRepository, listCache } from "../hub/cache_contents.ts";
import { snapshotFolder, snapshotName } from "../hub/cache_layout.ts";
import { planPruning, planRemoval, type Removal, remove } from "../hub/cache_removal.ts";
import { verifyRepositories } from "../hub/cache_verification.ts";
import { readHubSettings } from "../hub/settings.ts";
import { formatBytes } from "../pipeline/forecast.ts";
import { lackingFiles } from "../pipeline/lacking_files.ts";
import {
  isQuantizedName,
  planQuantizedPruning,
  planQuantizedRemoval,
  quantizedName,
} from "../pipeline/quantized_removal.ts";
import { quantizedFolder } from "../weights/quantized_cache.ts";
import { listQuantized, type QuantizedWeightsFile } from "../weights/quantized_files.ts";
import { watchInterruption } from "./_interruption.ts";
import { PercentProgress } from "./_percent_progress.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal } from "./_terminal.ts";
import { visibleText } from "./_text_width.ts";
import type { CacheFlags } from "./cache.ts";

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

async function readCache(): Promise<{ folder: string; repositories: CachedRepository[] }> {
  const { cacheFolder: folder } = await readHubSettings();
  return { folder, repositories: await listCache(folder) };
}

/** Weights in fewer bits, which were made here; none where no folder is known for them. */
async function readQuantized(): Promise<{ folder: string | undefined; files: QuantizedWeightsFile[] }> {
  const folder = await userCacheFolder();
  return { folder, files: folder === undefined ? [] : await listQuantized(folder) };
}

/** Lists what is there. */
export async function runCacheList(flags: CacheFlags): Promise<void> {
  const { folder, repositories } = await readCache();
  const quantized = await readQuantized();
  if (flags.json) {
    const shown = repositories.map(({ revisions, partials, orphans, ...rest }) => ({
      ...rest,
      revisions: revisions.map(({ blobs: _, ...revision }) => revision),
      partialBytes: sum(partials),
      orphanBytes: sum(orphans),
    }));
    const made = quantized.files.map((file) => ({
      name: quantizedName(file),
      path: file.paths[0],
      bytes: file.bytes,
      precision: file.precision,
      madeFrom: file.folder && madeFrom(file.folder),
      used: file.used,
    }));
    return writeOut(
      json({ folder, models: shown, bytes: sum(repositories), quantized: made, quantizedBytes: sum(quantized.files) }),
    );
  }
  const lines = repositories.flatMap(({ id, bytes, revisions, partials }) => [
    `${visibleText(id)}  ${formatBytes(bytes)}${partials.length > 0 ? `  ${partials.length} not complete` : ""}`,
    ...revisions.map(({ commit, refs, files, bytes }) =>
      `  ${commit.slice(0, 12)}  ${namesOf(commit, refs)}  ${files} files  ${formatBytes(bytes)}`
    ),
  ]);
  lines.push(`${formatBytes(sum(repositories))} in ${visibleText(folder)}`);
  if (quantized.files.length > 0) {
    lines.push(...quantized.files.map(quantizedLine));
    lines.push(`${formatBytes(sum(quantized.files))} in ${visibleText(quantizedFolder(quantized.folder!))}`);
  }
  writeOut(`${lines.join("\n")}\n`);
}

function quantizedLine(file: QuantizedWeightsFile): string {
  const { folder, precision, bytes, used, isPartial } = file;
  const source = isPartial
    ? "not complete"
    : `from ${folder === undefined ? "(unknown)" : visibleText(madeFrom(folder))}`;
  const facts = [quantizedName(file), precision ?? [], source, formatBytes(bytes)];
  return [...facts.flat(), `last used ${used.toISOString().slice(0, 10)}`].join("  ");
}

/** A network's folder, by the name on the hub where it is of there. */
function madeFrom(folder: string): string {
  const name = snapshotName(folder);
  if (name === undefined) return folder;
  const [, inner = ""] = /snapshots[\\/][0-9a-f]{40}(.*)$/.exec(folder) ?? [];
  return `${name}${inner.replaceAll("\\", "/")}`;
}

/** What a revision is kept for; one without any is what `prune` removes. */
function namesOf(commit: string, refs: readonly string[]): string {
  const names = refs.map((ref) => ref === commit ? "(asked for by commit)" : visibleText(ref));
  return names.join(", ") || "(no branch)";
}

function sum(items: readonly { readonly bytes: number }[]): number {
  return items.reduce((all, { bytes }) => all + bytes, 0);
}

/**
 * Removes models or revisions, or weights in fewer bits that were made here.
 *
 * @throws {ConfigError} where one is not there or is being fetched, or nobody says yes
 */
export async function runCacheRemove(names: readonly string[], flags: CacheFlags): Promise<void> {
  const { repositories } = await readCache();
  const [made, models] = [names.filter(isQuantizedName), names.filter((name) => !isQuantizedName(name))];
  const planned = [
    ...planRemoval(repositories, models),
    ...planQuantizedRemoval(made.length === 0 ? [] : (await readQuantized()).files, made),
  ];
  const [busy] = await removeAll(planned, flags);
  if (busy !== undefined) throw new ConfigError(`${leftAlone(busy)}: try again once that has ended`);
}

/** Removes what nothing needs. */
export async function runCachePrune(flags: CacheFlags): Promise<void> {
  const { repositories } = await readCache();
  const busy = await removeAll(
    [...planPruning(repositories), ...planQuantizedPruning((await readQuantized()).files)],
    flags,
  );
  for (const id of busy) openTerminal("stderr").write(`${leftAlone(id)}\n`);
}

/** Removes what was planned, tells so, and returns the repositories that were left alone. */
async function removeAll(planned: readonly Removal[], flags: CacheFlags): Promise<readonly string[]> {
  const { dryRun = false, yes = false } = flags;
  if (!dryRun && !yes && planned.length > 0) confirmRemoval(planned);
  const { removed, busy } = await remove(planned, { dryRun });
  if (flags.json) {
    writeOut(
      json({ dryRun, removed: removed.map(({ what, bytes }) => ({ what, bytes })), bytes: sum(removed), busy }),
    );
  } else {
    const lines = removed.map(({ what, bytes }) => `${visibleText(what)}  ${formatBytes(bytes)}\n`);
    const word = dryRun ? "would be freed" : "freed";
    writeOut(`${lines.join("")}${formatBytes(sum(removed))} ${word}\n`);
  }
  return busy;
}

/** What is said of a repository that is being fetched. */
const leftAlone = (id: string) => `${visibleText(id)}: is being fetched, nothing of it is removed`;

function confirmRemoval(planned: readonly Removal[]): void {
  if (!Deno.stdin.isTerminal()) {
    throw new ConfigError(
      "Expected somebody to ask before anything is removed: add -y, or --dry-run to see what would go",
    );
  }
  const list = planned.map(({ what, bytes }) => `  ${visibleText(what)}  ${formatBytes(bytes)}\n`).join("");
  openTerminal("stderr").write(list);
  if (!confirm(`Remove these, ${formatBytes(sum(planned))}?`)) throw new ConfigError("Nothing was removed");
}

/**
 * Hashes what is there.
 *
 * @throws {CheckpointError} where a file is not what the hub listed or its contents are gone, naming some of them; with
 * `failOnMissingFiles` also where a revision that a branch or tag is at lacks a file that its model needs
 */
export async function runCacheVerify(names: readonly string[], flags: CacheFlags): Promise<void> {
  const { repositories } = await readCache();
  const chosen = names.length === 0 ? repositories : planRemoval(repositories, names.map((name) => name.split("@")[0]!))
    .map(({ repository }) => repositories.find(({ id }) => id === repository!.id)!);
  using interruption = watchInterruption();
  using progress = new PercentProgress("hash");
  const all = sum(chosen);
  let read = 0;
  const onBytes = (bytes: number) => progress.update({ done: read += bytes, total: all });
  const found = await verifyRepositories(chosen, { onBytes, signal: interruption.signal });
  progress.done();
  const { files, damaged, unknown } = found;
  const gone = found.missing.map(({ path }) => path);
  const missing = [...new Set([...gone, ...flags.failOnMissingFiles ? await lackingOf(chosen) : []])];
  if (flags.json) writeOut(json({ files, damaged, missing, unknown }));
  const faults = [
    ...damaged.length > 0
      ? [`${damaged.length} of ${files} files are damaged: ${some(damaged.map(({ path }) => path))}`]
      : [],
    ...missing.length > 0 ? [`${missing.length} ${missing.length === 1 ? "is" : "are"} missing: ${some(missing)}`] : [],
  ];
  if (faults.length > 0) {
    const help = damaged.length > 0 ? "remove them and pull the model again" : "pull the model again";
    throw new CheckpointError(`${faults.join("; ")}; ${help}`);
  }
  if (flags.json) return;
  const rest = unknown === 0 ? "" : `; of ${unknown} more nothing here says the hash`;
  writeOut(`${files} files are what the hub listed, ${formatBytes(all)}${rest}\n`);
}

/** What models lack at revisions that were fetched as a whole. */
async function lackingOf(repositories: readonly CachedRepository[]): Promise<string[]> {
  const lines = [];
  for (const { id, folder, revisions } of repositories) {
    for (const { commit, refs } of revisions) {
      if (refs.length > 0) lines.push(...await lackingFiles(snapshotFolder(folder, commit), { id }));
    }
  }
  return lines;
}

function some(paths: readonly string[]): string {
  const more = paths.length > 5 ? ` and ${paths.length - 5} more` : "";
  return `${paths.slice(0, 5).join(", ")}${more}`;
}
