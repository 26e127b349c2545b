/**
 * Reads what a model says about itself, without its weights.
 * @module
 */
import { join } from "node:path";
import { parseConfig } from "../networks/config.ts";
import { type PreviewDecoderConfig, previewDecoderConfig } from "../networks/preview_decoder.ts";
import { type ConfigOf, parseNetworkConfig } from "../pipeline/infer_network.ts";
import type { FetchModelOptions } from "../pipeline/fetch_model.ts";
import { findModel } from "../pipeline/model.ts";
import type { ModelFolders } from "../pipeline/model_folders.ts";
import { type ModelDefaults, modelDefaults } from "../pipeline/options.ts";
import type { SizeRules } from "../pipeline/plan.ts";
import { publishedRules } from "../pipeline/published_parts.ts";
import { sizeRules } from "../pipeline/size_rules.ts";
import { type FileKind, openWeightsFile } from "../pipeline/weights_file.ts";
import { openTextParts } from "../stages/open_text_encoder.ts";
import { type ModelConfigs, wuerstchenV2 } from "../stages/published_configs.ts";
import type { TextEncoderParts } from "../stages/text_encoder.ts";
import { readJson } from "../weights/read_json.ts";
import type { NetworkKind } from "../weights/recognise.ts";

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
    return { name, configs: wuerstchenV2, rules: publishedRules, defaults: modelDefaults({}), folders: undefined };
  }
  const folders = await findModel(name, {
    ...(prior === undefined ? {} : { prior }),
    ...(decoder === undefined ? {} : { decoder }),
    hub: { ...hub, weights: false },
  });
  const [priorText, priorSizes, decoderText, decoderSizes, vqgan] = await Promise.all([
    textOf(folders.prior),
    sizesOf("prior", folders.prior.prior, folders.prior.file),
    textOf(folders.decoder),
    sizesOf("decoder", folders.decoder.decoder, folders.decoder.file),
    sizesOf("vqgan", folders.decoder.vqgan, folders.decoder.vqganFile),
  ]);
  const compressor = folders.compressor === undefined
    ? {}
    : { compressor: await readConfig("compressor", folders.compressor) };
  const preview = folders.preview === undefined ? {} : { preview: await previewSizes(folders.preview) };
  const configs = {
    priorText: priorText.config,
    prior: priorSizes,
    decoderText: decoderText.config,
    decoder: decoderSizes,
    vqgan,
    tokens: { prior: priorText.tokenizer.maxLength, decoder: decoderText.tokenizer.maxLength },
    ...compressor,
    ...preview,
  };
  const rules = sizeRules(folders, configs);
  return { name, configs, rules, defaults: modelDefaults(folders.defaults), folders };
}

async function readConfig<Kind extends NetworkKind>(kind: Kind, folder: string): Promise<ConfigOf[Kind]> {
  const file = join(folder, "config.json");
  return parseNetworkConfig(kind, await readJson(file), { file });
}

async function previewSizes(folder: string): Promise<PreviewDecoderConfig> {
  const file = join(folder, "config.json");
  return parseConfig(previewDecoderConfig, await readJson(file), { file });
}

/** A text encoder's sizes, and the tokenizer that says how many tokens it is given. */
async function textOf(
  { textEncoder: folder, tokenizer }: { readonly textEncoder: string; readonly tokenizer: string },
): Promise<TextEncoderParts> {
  return await openTextParts(await readJson(join(folder, "config.json")), { folder, tokenizer });
}

/** Sizes of a network that may come in a file of its own. */
async function sizesOf<Kind extends FileKind>(
  kind: Kind,
  folder: string,
  path: string | undefined,
): Promise<ConfigOf[Kind]> {
  if (path === undefined) return await readConfig(kind, folder);
  return (await openWeightsFile(kind, path, { folder })).config;
}
