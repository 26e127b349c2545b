/**
 * The model that training starts from, on this machine: what the configuration names on a hub is fetched.
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { statIfThere } from "../files/stat_if_there.ts";
import { formatModelId, parseModelId } from "../hub/model_id.ts";
import { parseConfig } from "../networks/config.ts";
import type { FetchModelOptions } from "../pipeline/fetch_model.ts";
import { fetchModels } from "../pipeline/fetch_models.ts";
import { companionsOf } from "../pipeline/model_folders.ts";
import { type DecoderRepository, type PriorRepository, readModelFolder } from "../pipeline/repositories.ts";
import { readJson } from "../weights/read_json.ts";
import type { Start } from "./start.ts";

/** What each name on a hub stood for, as commits: `org/name` → `org/name@<commit>`, and behind it the prior that its card names. */
export type StartCommits = Readonly<Record<string, readonly string[]>>;

/** A model to start from that is here. */
export interface FetchedStart {
  /** Folders in place of names. */
  readonly start: Start;
  readonly commits: StartCommits;
}

const commitsFile = z.record(z.string(), z.array(z.string()).min(1));

const commitsPath = (runFolder: string) => join(runFolder, "start.json");

/**
 * What names on a hub stood for when the run was started: it goes on with just that, whatever a branch has become.
 *
 * @throws {CheckpointError} where the file is damaged
 */
export async function readStartCommits(runFolder: string): Promise<StartCommits> {
  const file = commitsPath(runFolder);
  if (await statIfThere(file) === undefined) return {};
  return parseConfig(commitsFile, await readJson(file), { file });
}

/** Remembers what names on a hub stood for. */
export async function writeStartCommits(runFolder: string, commits: StartCommits): Promise<void> {
  if (Object.keys(commits).length === 0) return;
  const text = new TextEncoder().encode(`${JSON.stringify(commits, null, 2)}\n`);
  await writeFileAtomic(commitsPath(runFolder), text, { force: true });
}

/**
 * Finds the model that a configuration names: folders as they are, repositories on a hub in the cache, where they are fetched.
 *
 * @param options.commits what names stood for in an earlier process of the same run
 * @throws {ConfigError} where a name is neither, or the repository has not what it is named for
 * @throws {HubError} where a repository cannot be had
 */
export async function fetchStart(
  given: Start,
  { commits = {}, hub = {} }: { commits?: StartCommits; hub?: FetchModelOptions | undefined } = {},
): Promise<FetchedStart> {
  const fetched: Record<string, readonly string[]> = {};
  const open = async (name: string): Promise<Opened | undefined> => {
    if ((await statIfThere(name))?.isDirectory) return undefined;
    const id = parseModelId(name);
    if (id === undefined) {
      throw new ConfigError(
        `start: Expected a folder that exists, or a repository on the hub such as warp-ai/wuerstchen, but found ${name}`,
      );
    }
    const [first, prior] = commits[name] ?? [];
    const found = await fetchModels(first === undefined ? id : parseModelId(first)!, { ...hub, prior });
    fetched[name] = found.map(({ id, commit }) => formatModelId({ id, revision: commit }));
    const models = await Promise.all(found.map(({ folder }) => readModelFolder(folder)));
    return {
      name,
      root: found[0]!.folder,
      prior: models.flatMap(({ priors }) => priors)[0],
      decoder: models.flatMap(({ decoders }) => decoders)[0],
    };
  };
  if (typeof given === "string") {
    const opened = await open(given);
    return { start: opened ? await startOf(opened) : given, commits: fetched };
  }
  const { new: unused, ...parts } = given;
  const start: Record<string, string> = {};
  for (const [part, name] of Object.entries(parts)) {
    const opened = await open(name!);
    start[part] = opened ? await partOf(opened, part as keyof typeof parts) : name!;
  }
  return { start: unused ? { ...start, new: unused } : start, commits: fetched };
}

/** A model of a hub that is in the cache. */
interface Opened {
  readonly name: string;
  /** Folder of the first repository. */
  readonly root: string;
  readonly prior: PriorRepository | undefined;
  readonly decoder: DecoderRepository | undefined;
}

async function startOf(model: Opened): Promise<Start> {
  const { root, prior, decoder } = model;
  // A model of `wuerstchen push` is laid out as that of a run, preview decoder included.
  if (prior?.folder === join(root, "prior") && decoder?.folder === join(root, "decoder")) return root;
  const compressor = decoder && (await companionsOf(decoder)).compressor;
  return {
    ...(prior === undefined ? {} : { prior: await partOf(model, "prior") }),
    ...(decoder === undefined ? {} : { decoder: decoder.folder }),
    ...(compressor === undefined ? {} : { compressor }),
  };
}

async function partOf({ name, prior, decoder }: Opened, part: "prior" | "decoder" | "compressor"): Promise<string> {
  const isSeparate = prior?.prior === join(prior?.folder ?? "", "prior");
  const folder = {
    prior: isSeparate ? prior?.folder : undefined,
    decoder: decoder?.folder,
    compressor: decoder && (await companionsOf(decoder)).compressor,
  }[part];
  if (folder !== undefined) return folder;
  const hint = prior && !isSeparate ? ": a prior and a decoder have to be repositories of their own" : "";
  throw new ConfigError(`start: Expected a ${part} in ${name} but found none${hint}`);
}
