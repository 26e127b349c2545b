/**
 * Makes one file of a model, for machines that are never online.
 * @module
 */
import { createHash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { carriedFolder } from "../files/carried_folder.ts";
import { type BundledRepository, describeFiles, writeBundle } from "../hub/bundle.ts";
import { parseModelId } from "../hub/model_id.ts";
import { openLocal } from "../hub/repository.ts";
import { fetchModel, type FetchModelOptions, fetchRepository } from "./fetch_model.ts";
import { readModelCard } from "./model_card.ts";
import { bundledFolder } from "./model.ts";
import { readModelFolder } from "./repositories.ts";

/** Options of {@linkcode bundleModel}. */
export interface BundleOptions extends Omit<FetchModelOptions, "weights"> {
  /** Another prior than that of the decoder. */
  readonly prior?: string | undefined;
  /** Replace a file that exists. */
  readonly force?: boolean | undefined;
  /** Folder of the bundled models. */
  readonly modelsFolder?: string | undefined;
}

/** What went into a bundle. */
export interface BundleContents {
  readonly path: string;
  readonly bytes: number;
  readonly repositories: readonly Pick<BundledRepository, "id" | "commit">[];
}

/**
 * Writes a bundle of a model on the hub, of a bundled one or of a folder, with just the files that the model needs.
 *
 * @throws {ConfigError} where the file exists and `force` is not set
 * @throws {CheckpointError} where the model lacks its prior or is damaged
 */
export async function bundleModel(name: string, path: string, options: BundleOptions = {}): Promise<BundleContents> {
  const { prior, force = false, signal } = options;
  if (!force && await Deno.stat(path).then(() => true, () => false)) {
    throw new ConfigError(`Cannot write ${path}: it exists, use --force or another name`);
  }
  const first = await locate(name, options);
  const repositories = [first];
  const { priors, decoders } = await readModelFolder(first.folder);
  if (decoders.length === 0) {
    throw new CheckpointError(`${name}: Expected a decoder, or a whole model, to bundle but found a prior`);
  }
  if (priors.length === 0 || prior !== undefined) {
    const named = prior ?? (await readModelCard(first.folder)).prior;
    if (named === undefined) throw new CheckpointError(`${name}: Expected a prior for this decoder: give --prior`);
    repositories.push(await locate(named, options));
  }
  await writeBundle(path, repositories, { force, signal });
  const { size: bytes } = await Deno.stat(path);
  return { path, bytes, repositories: repositories.map(({ id, commit }) => ({ id, commit })) };
}

async function locate(name: string, options: BundleOptions): Promise<BundledRepository> {
  const isFolder = async (path: string) => (await Deno.stat(path).catch(() => undefined))?.isDirectory ?? false;
  const bundled = join(options.modelsFolder ?? bundledFolder(), name);
  const isBundled = /^[\w.-]+$/.test(name) && await isFolder(bundled);
  const folder = await isFolder(name) ? name : isBundled ? await carriedFolder(`models/${name}`, bundled) : undefined;
  const { signal } = options;
  if (folder === undefined) {
    const id = parseModelId(name);
    if (id === undefined) {
      throw new CheckpointError(`${name}: Expected a folder that exists, a bundled model or a repository on the hub`);
    }
    const model = await fetchModel(id, options);
    return {
      ...id,
      commit: model.commit,
      folder: model.folder,
      files: await describeFiles(model.folder, model.needed, { signal }),
    };
  }
  const id = `local/${basename(resolve(folder)).replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "model"}`;
  const { needed } = await fetchRepository(await openLocal(folder, { id }), { id, revision: "main" }, options);
  const files = await describeFiles(folder, needed, { signal });
  // The same files are the same commit, wherever they were bundled.
  const commit = createHash("sha1").update(JSON.stringify(files)).digest("hex");
  return { id, revision: "main", commit, folder, files };
}
