/**
 * Writes a model with its weights in fewer bits, as a folder that loads by itself.
 * @module
 */
import { dirname, join, relative } from "node:path";
import { CheckpointError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { writeWholeFolder } from "../files/whole_folder.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { bytesOf, sizeOf } from "../tensor/tensor.ts";
import { version } from "../version.ts";
import { type Precision, precisionKey, quantizedNames } from "../weights/precision.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { weightsFile } from "./convert_model.ts";
import type { HubOptions } from "./fetch_model.ts";
import { findModel } from "./model.ts";
import type { ModelFolders } from "./model_folders.ts";
import { type ModelParts, openParts } from "./parts.ts";
import { type NetworkName, type PrecisionChoice, precisionFor } from "./precisions.ts";
import { countWeights, type WeightsJob } from "./weights_job.ts";

/** How a model is read. */
export interface QuantizeModelOptions extends WeightsJob {
  readonly precision: PrecisionChoice;
  /** Weights to take where a network has them, such as `fp16`. */
  readonly variant?: string | undefined;
  readonly threads?: number | undefined;
  readonly hub?: HubOptions | undefined;
}

/** A network that was written. */
export interface QuantizedNetwork {
  readonly network: NetworkName;
  /** What it is kept in now. */
  readonly precision: Precision;
  /** Its folder. */
  readonly path: string;
  /** Layers in 8 or 4 bits. */
  readonly layers: number;
  /** Bytes of its weights: as they were, and as they are. */
  readonly before: number;
  readonly after: number;
}

/**
 * Writes a model anew, one layer in memory at a time; what is no weights is copied.
 *
 * @param output a folder that does not exist; it is written whole or not at all
 * @throws {CheckpointError} where the model is damaged, or was written in fewer bits already, or there is nothing to write in fewer
 * @throws {ConfigError} where the output exists
 * @throws {ResourceError} where the disk is full
 */
export async function quantizeModel(
  model: string,
  output: string,
  { precision, variant, threads, hub, ...job }: QuantizeModelOptions,
): Promise<QuantizedNetwork[]> {
  const folders = await findModel(model, { hub: { ...hub, variant } });
  const parts = await openParts(folders, { threads, runtime: nativeRuntime }, { precision, variant });
  return await writeWholeFolder(output, async (folder) => {
    const placeOf = await copyModel(folders, parts, folder);
    const written: QuantizedNetwork[] = [];
    const networks = Object.entries(sourcesOf(parts));
    // Each network is looked at, and then written.
    const count = countWeights(2 * networks.reduce((sum, [, { source }]) => sum + source.checkpoint.bytes, 0), job);
    for (const [network, { source, weights, stem }] of networks) {
      const own = precisionFor(precision, network as NetworkName) ?? "fp32";
      const place = placeOf(source.checkpoint.folder);
      const { bytes: before } = source.checkpoint;
      let looked = 0;
      const look = (share: number) => {
        looked += share;
        count(share * before);
      };
      const tensors = await weights({ onLayer: look });
      look(Math.max(0, 1 - looked));
      const layers = quantizedNames(tensors.keys()).size;
      const kept = own === "fp16" || layers > 0 ? own : "fp32";
      const file = join(folder, place, `${stem}.safetensors`);
      const all = tensors.values().reduce((sum, { dtype, shape }) => sum + sizeOf(shape) * bytesOf(dtype), 0);
      await writeSafetensors(file, tensors, {
        metadata: {
          format: "pt",
          ...(kept === "fp32" ? {} : { [precisionKey]: kept }),
          provenance: JSON.stringify({ program: `wuerstchen ${version}`, from: folders.source.name }),
        },
        onWritten: (bytes) => count(before * bytes / all),
      });
      const { size: after } = await Deno.stat(file);
      const path = join(output, place);
      written.push({ network: network as NetworkName, precision: kept, path, layers, before, after });
    }
    if (written.every(({ precision }) => precision === "fp32")) {
      throw new CheckpointError(
        `${model}: there is nothing to keep in fewer bits: no linear layer has 48 channels or more on both sides`,
      );
    }
    return written;
  });
}

/** Who watches how a network's weights are made. */
type LayerJob = { readonly onLayer: (share: number) => void };

/** The networks with what makes their weights, at the least sizes there are: weights do not depend on them. */
function sourcesOf({ prior, decoder }: ModelParts) {
  const cell = { height: 1, width: 1 };
  const { stage, autoencoder } = decoder;
  const stem = "diffusion_pytorch_model";
  const side = { height: stage.multiple, width: stage.multiple };
  const text = ({ network, tokens }: ModelParts["prior"]["text"]) => ({
    source: network,
    weights: (job: LayerJob) => network.weights({ tokens }, job),
    stem: "model",
  });
  return {
    prior: {
      source: prior.stage.network,
      weights: (job: LayerJob) => prior.stage.network.weights({ ...cell, tokens: 1 }, job),
      stem,
    },
    prior_text_encoder: text(prior.text),
    decoder: {
      source: stage.network,
      weights: (job: LayerJob) => stage.network.weights({ ...side, embedding: cell, tokens: 1 }, job),
      stem,
    },
    decoder_text_encoder: text(decoder.text),
    vqgan: {
      source: autoencoder.network,
      weights: (job: LayerJob) => autoencoder.network.weights(cell, job),
      stem,
    },
  } satisfies Record<NetworkName, unknown>;
}

/** Copies everything but the weights that are written anew; returns where in the new folder each old one is. */
async function copyModel(
  { prior, decoder, compressor }: ModelFolders,
  parts: ModelParts,
  to: string,
): Promise<(folder: string) => string> {
  const isWhole = prior.folder === decoder.folder;
  const roots = new Map([[prior.folder, isWhole ? "" : "prior"], [decoder.folder, isWhole ? "" : "decoder"]]);
  if (compressor !== undefined && dirname(compressor) !== decoder.folder) roots.set(compressor, "compressor");
  const anew = new Set(Object.values(sourcesOf(parts)).map(({ source }) => source.checkpoint.folder));
  for (const [root, name] of roots) await copyFolder(root, join(to, name), anew);
  return (folder) => {
    const [root, name] = [...roots].find(([root]) => !relative(root, folder).startsWith(".."))!;
    return join(name, relative(root, folder));
  };
}

async function copyFolder(from: string, to: string, anew: ReadonlySet<string>): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    const path = join(from, name);
    if (name.startsWith(".") || anew.has(from) && weightsFile.test(name)) continue;
    if ((await Deno.stat(path)).isDirectory) await copyFolder(path, join(to, name), anew);
    else if (weightsFile.test(name)) await Deno.copyFile(path, join(to, name));
    else await writeFileAtomic(join(to, name), await Deno.readFile(path));
  }
}
