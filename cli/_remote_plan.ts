/**
 * What of a plan only the hub knows: how much is to be fetched, and what its weights are, by their headers alone.
 * @module
 */
import { join } from "node:path";
import { parseModelId } from "../hub/model_id.ts";
import { fetchModel, type FetchModelOptions } from "../pipeline/fetch_model.ts";
import { checkNetwork, type ConfigOf } from "../pipeline/infer_network.ts";
import { previewWeights, type WeightsPreview } from "../pipeline/weights_preview.ts";
import type { NetworkKind } from "../weights/recognise.ts";
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

/**
 * Compares the weights on the hub with what their networks declare, as it will be done once they are here.
 *
 * @throws {CheckpointError} where they are another network's, so that nobody fetches them
 */
export function checkRemote({ configs, folders }: DescribedModel, { weights }: RemoteModel): void {
  const { prior, decoder } = folders!;
  const check = <Kind extends NetworkKind>(row: string, kind: Kind, config: ConfigOf[Kind]) => {
    const found = weights.get(row);
    if (found) checkNetwork(kind, found.checkpoint, config);
  };
  check("prior_text_encoder", "text_encoder", configs.priorText);
  check("decoder_text_encoder", "text_encoder", configs.decoderText);
  // A file that was given in place of a network is of sizes of its own.
  if (prior.file === undefined) check("prior", "prior", configs.prior);
  if (decoder.file === undefined) check("decoder", "decoder", configs.decoder);
  if (decoder.vqganFile === undefined) check("vqgan decode", "vqgan", configs.vqgan);
}
