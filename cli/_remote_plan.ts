/**
 * What of a plan only the hub knows: how much is to be fetched, and what its weights are, by their headers alone.
 * @module
 */
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { parseModelId } from "../hub/model_id.ts";
import { fetchModel, type FetchModelOptions } from "../pipeline/fetch_model.ts";
import { previewWeights, type WeightsPreview } from "../pipeline/weights_preview.ts";
import type { DescribedModel } from "./_model_configs.ts";

/** What the hub says about a model: bytes to fetch, bytes in all, and the headers of its weights by the name of their row. */
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
  const rowOf = new Map([
    [folders.prior.textEncoder, "prior_text_encoder"],
    [folders.prior.prior, "prior"],
    [folders.decoder.textEncoder, "decoder_text_encoder"],
    [folders.decoder.decoder, "decoder"],
    [folders.decoder.vqgan, "vqgan decode"],
    ...(folders.preview === undefined ? [] : [[folders.preview, "preview"] as const]),
  ]);
  const weights = new Map<string, WeightsPreview>();
  let [download, disk] = [0, 0];
  for (const id of ids) {
    const fetched = await fetchModel(id, { ...hub, weights: false });
    const { repository, needed, folder } = fetched;
    for (const { size, here } of await repository.missing(needed)) download += size - here;
    for (const path of needed) disk += await repository.size(path) ?? 0;
    for (const preview of await previewWeights(fetched)) {
      const row = rowOf.get(join(folder, preview.folder));
      if (row !== undefined) weights.set(row, preview);
    }
  }
  return { download, disk, weights };
}

/** @throws {CheckpointError} where weights on the hub cannot be those of the network, so that nobody fetches them */
export function checkCount(
  weights: WeightsPreview | undefined,
  { name, parameters }: { name: string; parameters: number },
): void {
  // Stage A's encoder is another row.
  if (weights === undefined || name.startsWith("vqgan") || weights.parameters === parameters) return;
  throw new CheckpointError(
    `${name}: its weights hold ${weights.parameters} numbers where its configuration asks for ${parameters}: they are another network's`,
  );
}
