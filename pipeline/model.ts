/**
 * Finds the two halves of a model on this machine: a prior repository and a decoder repository in Hugging Face layout.
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { CheckpointError, ConfigError } from "../errors.ts";
import { parseConfig } from "../networks/config.ts";
import { readJson } from "../weights/read_json.ts";
import { type DecoderRepository, onlyRepository, type PriorRepository, readModelFolder } from "./repositories.ts";

const side = z.int().min(1).max(1 << 16);
/** What `wuerstchen.json` may hold. */
export const modelDefaultsFile = z.strictObject({
  width: side.optional(),
  height: side.optional(),
  prior_steps: z.int().positive().optional(),
  prior_timesteps: z.array(z.number().min(0).max(1)).min(2).optional(),
  prior_guidance: z.number().nonnegative().optional(),
  decoder_steps: z.int().positive().optional(),
  decoder_timesteps: z.array(z.number().min(0).max(1)).min(2).optional(),
  decoder_guidance: z.number().nonnegative().optional(),
  negative_prompt: z.string().optional(),
  min_side: side.optional(),
  max_side: side.optional(),
});

/** Settings of `wuerstchen.json`: a model's own defaults, each replacing diffusers'. */
export type ModelDefaultsFile = z.output<typeof modelDefaultsFile>;

/** Where a model was found, in a way that holds in any working directory: bundled names, else absolute folders. */
export interface ModelSource {
  readonly name: string;
  /** Only where this half is not that of `name`. */
  readonly prior?: string;
  /** Only where this half is not that of `name`. */
  readonly decoder?: string;
}

/** Both halves of a model. */
export interface ModelFolders {
  /** As it was asked for. */
  readonly name: string;
  readonly source: ModelSource;
  readonly prior: PriorRepository;
  readonly decoder: DecoderRepository;
  /** Folder of the semantic compressor, where the model has one: published repositories leave it out. */
  readonly compressor?: string;
  readonly defaults: ModelDefaultsFile;
}

/** A folder, and the name that leads to it: its own path, or a bundled name. */
interface Found {
  readonly name: string;
  readonly folder: string;
}

const isFolder = async (path: string) => (await Deno.stat(path).catch(() => undefined))?.isDirectory ?? false;
const isFile = async (path: string) => (await Deno.stat(path).catch(() => undefined))?.isFile ?? false;

/** The compressor that a decoder was trained with: inside its repository, or beside it. */
async function compressorOf({ folder }: DecoderRepository): Promise<{ compressor?: string }> {
  for (const place of [folder, dirname(folder)]) {
    const compressor = join(place, "compressor");
    if (await isFile(join(compressor, "config.json"))) return { compressor };
  }
  return {};
}

/** Folder of the models that come with this package. */
function bundledFolder(): string {
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
 * Turns what a user wrote into a folder: an existing folder comes before a bundled name; `./` forces a folder.
 *
 * @throws {CheckpointError} where it is neither
 */
async function findFolder(name: string, bundled: string): Promise<Found> {
  if (await isFolder(name)) return { name: resolve(name), folder: resolve(name) };
  const isPlain = /^[A-Za-z0-9][\w.-]*$/.test(name);
  if (isPlain && await isFolder(join(bundled, name))) return { name, folder: join(bundled, name) };
  if (await isFile(name)) {
    throw new CheckpointError(`${name}: Expected a model folder but found a file`);
  }
  throw new CheckpointError(
    `${name}: Expected a folder that exists or a bundled model (${(await bundledNames(bundled)).join(", ")})`,
  );
}

/** The prior repository that a decoder's README names in its front matter (`prior:` list), if its folder is beside it. */
async function priorOfReadme(folder: string): Promise<string> {
  const file = join(folder, "README.md");
  const text = await Deno.readTextFile(file).catch(() => "");
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1] ?? "";
  const id = /^prior:[ \t]*(?:\r?\n[ \t]*-[ \t]*)?\[?[ \t]*["']?([^\s"'#,\]]+)/m.exec(front)?.[1];
  if (id === undefined) {
    throw new CheckpointError(
      `${folder}: Expected a prior for this decoder: give --prior FOLDER, or name it in ${file}`,
    );
  }
  for (const candidate of [resolve(folder, id), resolve(folder, "..", basename(id)), resolve(id)]) {
    if (await isFile(join(candidate, "model_index.json"))) return candidate;
  }
  throw new CheckpointError(
    `${folder}: its README names the prior ${id}, which is not in ${dirname(folder)}; give its folder with --prior`,
  );
}

async function readDefaults(folders: readonly string[]): Promise<ModelDefaultsFile> {
  const merged: ModelDefaultsFile = {};
  for (const folder of new Set(folders)) {
    const file = join(folder, "wuerstchen.json");
    if (await isFile(file)) Object.assign(merged, parseConfig(modelDefaultsFile, await readJson(file), { file }));
  }
  return merged;
}

/**
 * Finds a model.
 *
 * @param name a folder (a parent of two repositories, diffusers' combined layout, or one repository) or a bundled name
 * @param options.prior replaces the half that makes the embedding
 * @param options.decoder replaces the half that makes the picture
 * @throws {CheckpointError} where a half is missing or is no Würstchen repository
 */
export async function findModel(
  name: string,
  { prior, decoder, modelsFolder = bundledFolder() }: {
    prior?: string | undefined;
    decoder?: string | undefined;
    modelsFolder?: string | undefined;
  } = {},
): Promise<ModelFolders> {
  if (name === "") throw new ConfigError("Expected the name or folder of a model but found nothing");
  const read = async (text: string) => {
    const { name, folder } = await findFolder(text, modelsFolder);
    return { ...await readModelFolder(folder), name };
  };
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
  const otherPrior = basePrior ? undefined : await read(prior ?? await priorOfReadme(decoderHalf.folder));
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
    ...await compressorOf(decoderHalf),
    defaults: await readDefaults(folders),
  };
}
