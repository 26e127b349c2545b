/**
 * The model that a training starts from: where its networks lie, and their sizes.
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import { parseConfig } from "../networks/config.ts";
import { t5Config } from "../networks/t5_encoder.ts";
import { namesDit } from "../networks/stage_c.ts";
import { namesT5 } from "../networks/text_encoder.ts";
import { joinedTextConfig } from "../stages/joined_text_encoder.ts";
import { readJson } from "../weights/read_json.ts";
import type { TrainingConfig } from "./config.ts";
import type { NetworkName } from "./networks.ts";

/** Where a model is: a folder that holds its parts, or a folder for each. */
export type Start = NonNullable<TrainingConfig["start"]>;

/** Folder of each network: part of the model, and folder below it. */
const places: Readonly<Record<NetworkName, readonly ["prior" | "decoder" | "compressor" | "preview", string]>> = {
  vqgan: ["decoder", "vqgan"],
  compressor: ["compressor", ""],
  decoder: ["decoder", "decoder"],
  decoder_text_encoder: ["decoder", "text_encoder"],
  prior: ["prior", "prior"],
  prior_text_encoder: ["prior", "text_encoder"],
  prior_adapters: ["prior", "text_encoder"],
  preview: ["preview", ""],
};

/** The folder of a network of a model, undefined where it is not said, or is not to be taken. */
export function networkFolder(start: Start, name: NetworkName): string | undefined {
  const [part, folder] = places[name];
  if (typeof start !== "string" && start.new?.some((key) => networkOf.get(key) === name)) return undefined;
  const root = typeof start === "string" ? join(start, part) : part === "preview" ? undefined : start[part];
  return root === undefined ? undefined : join(root, folder);
}

/** The folder of the tokenizer of one half of a model, undefined where it is not said. */
export function tokenizerFolder(start: Start, half: "prior" | "decoder"): string | undefined {
  const text = networkFolder(start, `${half}_text_encoder`);
  return text && join(text, "..", "tokenizer");
}

/** Settings of a configuration that belong to a network. */
const settings = [
  ["vqgan", "vqgan"],
  ["compressor", "compressor"],
  ["decoder", "decoder"],
  ["decoderTextEncoder", "decoder_text_encoder"],
  ["prior", "prior"],
  ["priorTextEncoder", "prior_text_encoder"],
  ["preview", "preview"],
] as const;

const networkOf: ReadonlyMap<string, NetworkName> = new Map(settings);

/** Keys of a `config.json` that are not the network's own. */
const foreign =
  /^(_diffusers_version|architectures|attention_dropout|bos_token_id|pad_token_id|dtype|torch_dtype|dropout|initializer_.*|model_type|transformers_version|in_channels|out_channels|scale_factor)$/;

const index = z.object({
  latent_mean: z.number().default(42),
  latent_std: z.number().default(1),
  resolution_multiple: z.number().default(42.67),
  latent_dim_scale: z.number().default(10.67),
});

async function jsonAt(file: string): Promise<Record<string, unknown> | undefined> {
  const isThere = await Deno.stat(file).then(({ isFile }) => isFile, () => false);
  return isThere ? await readJson(file) : undefined;
}

/** Fills in the sizes of the model that training starts from, under those that the configuration gives. */
export async function withStartSizes(config: TrainingConfig): Promise<TrainingConfig> {
  const { start } = config;
  if (start === undefined) return config;
  const model: Record<string, unknown> = { ...config.model };
  for (const [key, name] of settings) {
    const folder = networkFolder(start, name);
    const found = folder && await jsonAt(join(folder, "config.json"));
    // What is joined has no sizes of its own.
    if (!found || found["_class_name"] === "JoinedTextEncoder") continue;
    const own = namesT5(found)
      ? Object.entries(found).filter(([name]) => name in t5Config.shape)
      : Object.entries(found).filter(([name]) =>
        !foreign.test(name) && (name !== "_class_name" || key === "compressor" || namesDit(found))
      );
    model[key] = { ...Object.fromEntries(own), ...config.model[key] };
  }
  const numbers = await pipelineNumbers(start);
  for (const [key, value] of Object.entries(numbers)) model[key] ??= value;
  const sized = { ...config, model: model as TrainingConfig["model"] };
  const encoders = await joinedEncoders(start);
  if (!encoders || !config.stageC || config.stageC.encoders) return sized;
  return { ...sized, stageC: { ...config.stageC, encoders } };
}

/** The folders of the text encoders that the model's Stage C has, where they are joined. */
async function joinedEncoders(start: Start): Promise<string[] | undefined> {
  const folder = networkFolder(start, "prior_adapters");
  const file = folder && join(folder, "config.json");
  const json = file && await jsonAt(file);
  if (!json || json["_class_name"] !== "JoinedTextEncoder") return undefined;
  return parseConfig(joinedTextConfig, json, { file }).encoders.map((name) => join(folder, name));
}

async function pipelineNumbers(start: Start): Promise<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const part of ["prior", "decoder"] as const) {
    const folder = typeof start === "string" ? join(start, part) : start[part];
    const file = folder && join(folder, "model_index.json");
    const json = file && await jsonAt(file);
    if (!json) continue;
    const found = parseConfig(index, json, { file });
    if (part === "prior") {
      Object.assign(numbers, {
        latentMean: found.latent_mean,
        latentStd: found.latent_std,
        resolutionMultiple: found.resolution_multiple,
      });
    } else numbers["latentDimScale"] = found.latent_dim_scale;
  }
  return numbers;
}

/** Numbers of the pipelines, with those of a new model where nothing else is said. */
export function pipelineSettings({ model }: TrainingConfig): {
  latentMean: number;
  latentStd: number;
  resolutionMultiple: number;
  latentDimScale: number;
} {
  const { latentMean = 1, latentStd = 0, resolutionMultiple = 42.67, latentDimScale = 10.67 } = model;
  return { latentMean, latentStd, resolutionMultiple, latentDimScale };
}
