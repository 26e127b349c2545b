/**
 * Finds the two halves of a model on this machine: a prior repository and a decoder repository in Hugging Face layout.
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CheckpointError, ConfigError } from "../errors.ts";
import { carriedFolder } from "../files/carried_folder.ts";
import { statIfThere } from "../files/stat_if_there.ts";
import { isArchive, openBundle } from "../hub/bundle.ts";
import { formatModelId, parseModelId } from "../hub/model_id.ts";
import { readHubSettings } from "../hub/settings.ts";
import { fetchModel, type FetchModelOptions } from "./fetch_model.ts";
import { readModelCard } from "./model_card.ts";
import { companionsOf, type ModelFolders, readDefaults } from "./model_folders.ts";
import { describeValue } from "./option_types.ts";
import { onlyRepository, readModelFolder } from "./repositories.ts";
import { findWeightsFile, withWeightsFiles } from "./weights_file.ts";

/** A folder, and the name that leads to it: its own path, a bundled name, or a commit on the hub. */
interface Found {
  readonly name: string;
  readonly folder: string;
  readonly onHub: boolean;
  /** The prior that came along in a bundle. */
  readonly prior?: string | undefined;
}

const isFolder = async (path: string) => (await statIfThere(path))?.isDirectory ?? false;
const isFile = async (path: string) => (await statIfThere(path))?.isFile ?? false;

/** Folder of the models that come with this package. */
export function bundledFolder(): string {
  return fileURLToPath(new URL("../models", import.meta.url));
}

async function bundledNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  if (await isFolder(folder)) {
    for await (const entry of Deno.readDir(folder)) if (entry.isDirectory) names.push(entry.name);
  }
  return names.sort();
}

/**
 * Turns what a user wrote into a folder: one that exists comes before a bundled name, and that before a repository on the hub; `./`
 * forces a folder.
 *
 * @throws {CheckpointError} where it is none of them
 * @throws {HubError} where it is a repository that cannot be had
 */
async function findFolder(
  name: string,
  { bundled, hub }: { bundled: string; hub: FetchModelOptions },
): Promise<Found> {
  if (await isFolder(name)) return { name: resolve(name), folder: resolve(name), onHub: false };
  const isPlain = /^[A-Za-z0-9][\w.-]*$/.test(name);
  if (isPlain && await isFolder(join(bundled, name))) {
    return { name, folder: await carriedFolder(`models/${name}`, join(bundled, name)), onHub: false };
  }
  if (await isFile(name)) {
    if (await isArchive(name)) return await findInBundle(name, hub);
    throw new CheckpointError(
      `${name}: Expected a model folder but found a file: weights alone have no tokenizer and no text encoder; give the model that ` +
        "they belong to with --model, and the file with --prior or --decoder",
    );
  }
  const id = parseModelId(name);
  if (id !== undefined) {
    const { commit, folder } = await fetchModel(id, hub);
    return { name: formatModelId({ id: id.id, revision: commit }), folder, onHub: true };
  }
  throw new CheckpointError(
    `${name}: Expected a folder that exists, a bundled model (${
      (await bundledNames(bundled)).join(", ") || "none is here"
    }) or a repository on the hub such as warp-ai/wuerstchen`,
  );
}

/** Puts a bundle into the cache, where its repositories are as if they had been fetched. */
async function findInBundle(path: string, { settings, signal }: FetchModelOptions): Promise<Found> {
  const { cacheFolder } = await readHubSettings(settings);
  const { repositories: [first, second] } = await openBundle(path, { cacheFolder, signal });
  const nameOf = ({ id, commit }: { id: string; commit: string }) => formatModelId({ id, revision: commit });
  return { name: nameOf(first!), folder: first!.folder, onHub: true, prior: second && nameOf(second) };
}

/** Folder of the prior that a decoder's README names, if it is beside it. */
async function priorBeside(folder: string): Promise<string> {
  const id = await priorOf(folder);
  for (const candidate of [resolve(folder, id), resolve(folder, "..", basename(id)), resolve(id)]) {
    if (await isFile(join(candidate, "model_index.json"))) return candidate;
  }
  throw new CheckpointError(
    `${folder}: its README names the prior ${id}, which is not in ${dirname(folder)}; give its folder with --prior`,
  );
}

/** The prior that a decoder's README names (`prior:`). */
async function priorOf(folder: string): Promise<string> {
  const { prior } = await readModelCard(folder);
  if (prior !== undefined) return prior;
  const file = join(folder, "README.md");
  throw new CheckpointError(
    `${folder}: Expected a prior for this decoder: give --prior FOLDER, or name it in ${file}`,
  );
}

/**
 * Finds a model.
 *
 * @param name a folder (a parent of two repositories, diffusers' combined layout, or one repository), a bundled name, a file of
 * `wuerstchen bundle`, or a repository on the hub, which is fetched; a decoder on the hub leads to the prior that its card names
 * @param options.prior replaces the half that makes the embedding, or, a single file, Stage C's weights alone
 * @param options.decoder replaces the half that makes the picture, or, a single file, Stage B's or Stage A's weights alone
 * @throws {CheckpointError} where a half is missing or is no Würstchen repository
 * @throws {HubError} where a repository on the hub cannot be had
 */
export async function findModel(
  name: string,
  { prior, decoder, modelsFolder = bundledFolder(), hub = {} }: {
    prior?: string | undefined;
    decoder?: string | undefined;
    modelsFolder?: string | undefined;
    hub?: FetchModelOptions | undefined;
  } = {},
): Promise<ModelFolders> {
  for (const [key, value] of Object.entries({ model: name, prior, decoder })) {
    if (value === undefined || (typeof value === "string" && value !== "")) continue;
    throw new ConfigError(
      `Expected ${key} to be the name or folder of a model but found ${
        value === "" ? "nothing" : describeValue(value)
      }`,
    );
  }
  const isWeights = async (path: string | undefined) => {
    return path !== undefined && await isFile(path) && !await isArchive(path);
  };
  const [priorIsFile, decoderIsFile] = await Promise.all([isWeights(prior), isWeights(decoder)]);
  if (priorIsFile || decoderIsFile) {
    const files = await Promise.all([
      ...(priorIsFile ? [findWeightsFile("prior", prior!)] : []),
      ...(decoderIsFile ? [findWeightsFile("decoder", decoder!)] : []),
    ]);
    const halves = { prior: priorIsFile ? undefined : prior, decoder: decoderIsFile ? undefined : decoder };
    return withWeightsFiles(await findModel(name, { ...halves, modelsFolder, hub }), files);
  }
  const read = async (text: string) => {
    const { folder, ...found } = await findFolder(text, { bundled: modelsFolder, hub });
    return { ...await readModelFolder(folder), ...found };
  };
  const priorNamedBy = (folder: string, { onHub }: { onHub: boolean }) => onHub ? priorOf(folder) : priorBeside(folder);
  const base = await read(name);
  const otherDecoder = decoder === undefined ? undefined : await read(decoder);
  const decoderFolder = otherDecoder ?? base;
  const decoderHalf = onlyRepository(decoderFolder, "decoder");
  if (!decoderHalf) {
    throw new CheckpointError(
      `${decoder ?? name}: Expected a decoder repository; this is a prior: give one with --decoder`,
    );
  }
  // A folder of several priors is no error where another one is chosen.
  const basePrior = prior === undefined ? onlyRepository(base, "prior") : undefined;
  const otherPrior = basePrior
    ? undefined
    : await read(prior ?? decoderFolder.prior ?? await priorNamedBy(decoderHalf.folder, decoderFolder));
  const priorHalf = basePrior ?? onlyRepository(otherPrior!, "prior");
  if (!priorHalf) throw new CheckpointError(`${prior ?? name}: Expected a prior repository but found a decoder`);
  const priorFolder = otherPrior ?? base;
  // A parent folder speaks for the halves that come from it.
  const roots = [base, otherPrior, otherDecoder].filter((one) => one === priorFolder || one === decoderFolder);
  const folders = [...roots.map((one) => one!.folder), priorHalf.folder, decoderHalf.folder];
  return {
    name,
    source: {
      name: base.name,
      ...(otherPrior ? { prior: otherPrior.name } : {}),
      ...(otherDecoder ? { decoder: otherDecoder.name } : {}),
    },
    prior: priorHalf,
    decoder: decoderHalf,
    ...await companionsOf(decoderHalf),
    defaults: await readDefaults(folders),
  };
}
