/**
 * Fetches what a model needs from the hub into the cache, or finds it there.
 * @module
 */
import { join } from "node:path";
import { ConfigError, HubError } from "../errors.ts";
import { HubClient } from "../hub/client.ts";
import { formatModelId, isCommit, type ModelId } from "../hub/model_id.ts";
import { UnreachableError } from "../hub/refusals.ts";
import { type HubEvent, openCached, openRemote, type Repository } from "../hub/repository.ts";
import { holdRepository } from "../hub/repository_lock.ts";
import { type HubSettings, readHubSettings } from "../hub/settings.ts";
import { readShardIndex } from "../weights/shards.ts";
import { accept, isAccepted } from "./accepted_licenses.ts";
import { isNonCommercial, readModelCard } from "./model_card.ts";
import { headFiles, neededFiles } from "./needed_files.ts";
import { readModelFolder } from "./repositories.ts";

/** How models on the hub are fetched. */
export interface HubOptions {
  /** What holds in place of the environment variables (`HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` …). */
  readonly settings?: Partial<HubSettings> | undefined;
  /** Is told what is fetched. */
  readonly onEvent?: ((event: HubEvent) => void) | undefined;
  /** Ends the download; what has come is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Accepts a licence that allows no commercial use; it is remembered. */
  readonly acceptLicense?: boolean | undefined;
}

/** Options of {@linkcode fetchModel}. */
export interface FetchModelOptions extends HubOptions {
  /** Weights to take where a network has them, such as `fp16`. */
  readonly variant?: string | undefined;
  /** `false` leaves the weights out: a model to be described and not run. */
  readonly weights?: boolean | undefined;
}

/** A model of the hub on the disk. */
export interface FetchedModel extends ModelId {
  readonly commit: string;
  /** Folder of the snapshot. */
  readonly folder: string;
  /** Every file that the model needs, weights included even where they were left out. */
  readonly needed: readonly string[];
  readonly repository: Repository;
  /** Whether every network has just the variant that was asked for, and none stands in that the repository may have better. */
  readonly isExact: boolean;
}

/**
 * Fetches a model: what it is, then its configurations, then the weights that were chosen.
 *
 * A commit that the cache holds completely is not asked for again. Where the hub does not answer, what the cache holds stands in,
 * with a warning.
 *
 * @throws {HubError} where it is not there, may not be seen, or, offline, not all of it is in the cache
 * @throws {CheckpointError} where it is no model that can be read here
 * @throws {ConfigError} where its licence has to be accepted first
 */
export async function fetchModel(name: ModelId, options: FetchModelOptions = {}): Promise<FetchedModel> {
  const client = new HubClient(await readHubSettings(options.settings));
  const { offline } = client.settings;
  const cached = offline || isCommit(name.revision) ? await fromCache(name, options, client) : undefined;
  if (cached?.model && (offline || cached.model.isExact)) return cached.model;
  if (offline) throw cached?.error;
  try {
    const repository = await openRemote(name, { client, ...options });
    const place = { cacheFolder: client.settings.cacheFolder, id: repository.id };
    using _ = await holdRepository(place, { signal: options.signal });
    return await fetchRepository(repository, name, options);
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const { model } = await fromCache(name, options, client);
    if (!model) throw error;
    options.onEvent?.({ type: "warning", message: `${error.message}; this goes on with ${model.commit} of the cache` });
    return model;
  }
}

/** The model as the cache has it, or why it has not. */
async function fromCache(
  name: ModelId,
  options: FetchModelOptions,
  client: HubClient,
): Promise<{ model: FetchedModel; error?: undefined } | { model?: undefined; error: unknown }> {
  const { cacheFolder, offline } = client.settings;
  const repository = await openCached(name, { cacheFolder });
  const asked = formatModelId(name);
  const reason = offline ? ", and HF_HUB_OFFLINE forbids to fetch it" : "";
  const missing = (what: string, cause?: unknown) =>
    new HubError(`${asked}: ${what} (${cacheFolder})${reason}: run wuerstchen pull ${asked} without that variable`, {
      cause,
    });
  if (!repository) return { error: missing("is not in the cache") };
  try {
    return { model: await fetchRepository(repository, name, options) };
  } catch (error) {
    if (error instanceof ConfigError) return { error };
    return { error: missing("is not in the cache as a whole", error) };
  }
}

/** Fetches what a model needs of a repository: its head files, then its configurations, then its weights. */
export async function fetchRepository(
  repository: Repository,
  { id, revision }: ModelId,
  options: FetchModelOptions,
): Promise<FetchedModel> {
  const { paths, folder, commit } = repository;
  const heads = headFiles(paths);
  if (!heads.some((path) => path.endsWith("model_index.json"))) {
    throw new HubError(`${id}: Expected a model in the layout of diffusers but found no model_index.json in it`);
  }
  await repository.fetch(heads);
  const model = await readModelFolder(folder);
  if (model.priors.length + model.decoders.length === 0) throw model.foreign[0];
  const { configs, weights } = neededFiles(model, paths, { id, variant: options.variant });
  await repository.fetch(configs);
  const weightFiles: string[] = [];
  for (const { folder: inner, name, sharded } of weights) {
    const names = sharded ? (await readShardIndex(join(folder, inner, name))).names : [name];
    weightFiles.push(...names.map((file) => `${inner}/${file}`));
  }
  const needed = [...new Set([...heads, ...configs, ...weightFiles])];
  if (options.weights !== false) {
    await checkLicense(repository, options);
    await repository.fetch(weightFiles);
    await repository.settle(needed);
  }
  return {
    id,
    revision,
    commit,
    folder,
    needed,
    repository,
    isExact: weights.every(({ variant }) => variant === options.variant),
  };
}

/** @throws {ConfigError} where a licence that forbids commercial use has not been accepted */
async function checkLicense({ id, folder }: Repository, { acceptLicense }: FetchModelOptions): Promise<void> {
  const { license, licenseLink } = await readModelCard(folder);
  if (license === undefined || !isNonCommercial(license) || await isAccepted({ id, license })) return;
  if (acceptLicense) return await accept({ id, license });
  const place = licenseLink === undefined
    ? join(folder, "README.md")
    : /^https?:/.test(licenseLink)
    ? licenseLink
    : join(folder, licenseLink);
  throw new ConfigError(
    `${id}: its licence, ${license}, allows no commercial use: read it (${place}), then accept it once with --accept-license`,
  );
}
