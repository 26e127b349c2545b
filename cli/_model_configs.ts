/**
 * Reads what a model says about itself, without its weights.
 * @module
 */
import { join } from "node:path";
import type { z } from "zod";
import { clipTextConfig } from "../networks/clip_text.ts";
import { compressorConfig } from "../networks/compressor.ts";
import { parseConfig } from "../networks/config.ts";
import { type ConfigOf, configSchemas } from "../pipeline/infer_network.ts";
import type { FetchModelOptions } from "../pipeline/fetch_model.ts";
import { findModel, type ModelFolders } from "../pipeline/model.ts";
import { type ModelDefaults, modelDefaults } from "../pipeline/options.ts";
import type { SizeRules } from "../pipeline/plan.ts";
import { latentRules, sizeRules, usualSides } from "../pipeline/size_rules.ts";
import { type FileKind, openWeightsFile } from "../pipeline/weights_file.ts";
import { type ModelConfigs, wuerstchenV2 } from "../stages/published_configs.ts";
import { readJson } from "../weights/read_json.ts";

/** A model's configurations with what its pipelines say about sizes. */
export interface DescribedModel {
  readonly name: string;
  readonly configs: ModelConfigs;
  readonly rules: SizeRules;
  readonly defaults: ModelDefaults;
  /** Undefined for a model that is known without files. */
  readonly folders: ModelFolders | undefined;
}

/** Name of the published model that is known without files. */
const publishedName = "wuerstchen-v2";

/**
 * Reads the configurations of a model. Of a model on the hub, they alone are fetched.
 *
 * @throws {CheckpointError} where it is missing or a configuration is damaged
 */
export async function readModelConfigs(
  name: string,
  { prior, decoder, hub }: { readonly prior?: string; readonly decoder?: string; readonly hub?: FetchModelOptions },
): Promise<DescribedModel> {
  if (name === publishedName && prior === undefined && decoder === undefined) {
    const scales = { resolutionMultiple: 42.67, latentDimScale: 10.67 };
    const rules = { ...scales, ...latentRules(wuerstchenV2), minSide: usualSides.min, maxSide: usualSides.max };
    return { name, configs: wuerstchenV2, rules, defaults: modelDefaults({}), folders: undefined };
  }
  const folders = await findModel(name, {
    ...(prior === undefined ? {} : { prior }),
    ...(decoder === undefined ? {} : { decoder }),
    hub: { ...hub, weights: false },
  });
  const [priorText, priorSizes, decoderText, decoderSizes, vqgan] = await Promise.all([
    readConfig(clipTextConfig, folders.prior.textEncoder),
    sizesOf("prior", folders.prior.prior, folders.prior.file),
    readConfig(clipTextConfig, folders.decoder.textEncoder),
    sizesOf("decoder", folders.decoder.decoder, folders.decoder.file),
    sizesOf("vqgan", folders.decoder.vqgan, folders.decoder.vqganFile),
  ]);
  const compressor = folders.compressor === undefined
    ? {}
    : { compressor: await readConfig(compressorConfig, folders.compressor) };
  const configs = { priorText, prior: priorSizes, decoderText, decoder: decoderSizes, vqgan, ...compressor };
  const rules = sizeRules(folders, configs);
  return { name, configs, rules, defaults: modelDefaults(folders.defaults), folders };
}

async function readConfig<Schema extends z.ZodType>(schema: Schema, folder: string): Promise<z.output<Schema>> {
  const file = join(folder, "config.json");
  return parseConfig(schema, await readJson(file), { file });
}

/** Sizes of a network that may come in a file of its own. */
async function sizesOf<Kind extends FileKind>(
  kind: Kind,
  folder: string,
  path: string | undefined,
): Promise<ConfigOf[Kind]> {
  if (path === undefined) return await readConfig(configSchemas[kind], folder) as ConfigOf[Kind];
  return (await openWeightsFile(kind, path, { folder })).config;
}
