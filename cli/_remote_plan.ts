/**
 * What of a plan only the hub knows: how much is to be fetched, and what its weights are, by their headers alone.
 * @module
 */
import { join } from "node:path";
import { parseModelId } from "../hub/model_id.ts";
import { fetchModel, type FetchModelOptions } from "../pipeline/fetch_model.ts";
import { previewWeights, type WeightsPreview } from "../pipeline/weights_preview.ts";
import type { DescribedModel } from "./_model_configs.ts";
import { rowNames } from "./_plan_memory.ts";

/** What the hub says about a model: bytes to fetch, bytes in all, and the headers of its weights by their folders. */
export interface RemoteModel {
  readonly download: number;
  readonly disk: number;
  readonly weights: ReadonlyMap<string, WeightsPreview>;
}

/** Asks the hub about a model whose configurations are there; `undefined` for one that is not from the hub. */
export async function readRemote(
  { folders }: DescribedModel,
  hub: FetchModelOptions,
): Promise<RemoteModel | undefined> {
  if (!folders) return undefined;
  const { name, prior, decoder } = folders.source;
  const ids = [decoder ?? name, prior].flatMap((text) => text === undefined ? [] : parseModelId(text) ?? []);
  if (ids.length === 0) return undefined;
  const weights = new Map<string, WeightsPreview>();
  let [download, disk] = [0, 0];
  for (const id of ids) {
    const fetched = await fetchModel(id, { ...hub, weights: false });
    const { repository, needed, folder } = fetched;
    for (const { size, here } of await repository.missing(needed)) download += size - here;
    for (const path of needed) disk += await repository.size(path) ?? 0;
    for (const preview of await previewWeights(fetched)) weights.set(join(folder, preview.folder), preview);
  }
  return { download, disk, weights };
}

/** The folders of a model's networks by the names of their rows. */
export function foldersOfRows({ folders }: DescribedModel): ReadonlyMap<string, string> {
  if (!folders) return new Map();
  const { prior, decoder, preview } = folders;
  return new Map([
    [rowNames.prior_text_encoder, prior.textEncoder],
    [rowNames.prior, prior.prior],
    [rowNames.decoder_text_encoder, decoder.textEncoder],
    [rowNames.decoder, decoder.decoder],
    [rowNames.vqgan, decoder.vqgan],
    ...(preview === undefined ? [] : [[rowNames.preview, preview] as const]),
  ]);
}
