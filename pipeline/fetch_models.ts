/**
 * Fetches a model of the hub with the prior that belongs to it.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { type ModelId, parseModelId } from "../hub/model_id.ts";
import { type FetchedModel, fetchModel, type FetchModelOptions } from "./fetch_model.ts";
import { readModelCard } from "./model_card.ts";
import { readModelFolder } from "./repositories.ts";

/**
 * Fetches a repository and, where it holds a decoder alone, the prior that its card names.
 *
 * @param options.prior another prior on the hub
 * @returns the repository, and the prior's where that is another
 * @throws {ConfigError} where the prior is no name of a repository
 * @throws {HubError} where one of them cannot be had
 */
export async function fetchModels(
  name: ModelId,
  { prior, ...options }: FetchModelOptions & { prior?: string | undefined } = {},
): Promise<FetchedModel[]> {
  const first = await fetchModel(name, options);
  const { priors } = await readModelFolder(first.folder);
  const named = prior ?? (priors.length > 0 ? undefined : (await readModelCard(first.folder)).prior);
  if (named === undefined) return [first];
  const id = parseModelId(named);
  if (id === undefined) {
    throw new ConfigError(`Expected a prior on the hub, such as org/name, but found ${JSON.stringify(named)}`);
  }
  return [first, await fetchModel(id, options)];
}
