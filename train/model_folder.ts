/**
 * Writes and reads complete models: a folder with a prior repository, a decoder repository, the compressor, and a preview decoder where
 * one was trained.
 * @module
 */
import { basename, dirname, join } from "node:path";
import { CheckpointError, ResourceError } from "../errors.ts";
import { syncFolder, writeFileAtomic } from "../files/atomic_write.ts";
import { snapshotName } from "../hub/cache_layout.ts";
import { stageCClassName } from "../networks/stage_c.ts";
import { isT5, textClassName, type TextEncoderConfig } from "../networks/text_encoder.ts";
import { type DType, type Tensor, tensor } from "../tensor/tensor.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import type { WeightsName } from "../weights/find_checkpoint.ts";
import { type LazyTensor, writeSafetensors } from "../weights/safetensors_writer.ts";
import type { TrainingConfig } from "./config.ts";
import { type NetworkConfigs, type NetworkName, networkParameters, networksOf } from "./networks.ts";
import { modelSides, pictureSize } from "./picture_sizes.ts";
import { networkFolder, pipelineSettings, type Start } from "./start.ts";
import { copyEncoders, encoderName } from "./joined_encoders.ts";
import type { Weights } from "./optimiser/gradient_pass.ts";

/** Version of diffusers whose classes the configurations follow. */
const diffusersVersion = "0.39.0";

/** Where each network lies in a model's folder. */
const places: Readonly<Record<NetworkName, { folder: string; stem: WeightsName["stem"]; className: string }>> = {
  vqgan: { folder: "decoder/vqgan", stem: "diffusion_pytorch_model", className: "PaellaVQModel" },
  compressor: { folder: "compressor", stem: "diffusion_pytorch_model", className: "" },
  decoder: { folder: "decoder/decoder", stem: "diffusion_pytorch_model", className: "WuerstchenDiffNeXt" },
  decoder_text_encoder: { folder: "decoder/text_encoder", stem: "model", className: "" },
  prior: { folder: "prior/prior", stem: "diffusion_pytorch_model", className: "" },
  prior_text_encoder: { folder: "prior/text_encoder", stem: "model", className: "" },
  prior_adapters: { folder: "prior/text_encoder", stem: "model", className: "JoinedTextEncoder" },
  preview: { folder: "preview", stem: "diffusion_pytorch_model", className: "Previewer" },
};

const files = ["vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "tokenizer.json"];

/** What a model consists of. */
export interface ModelContents {
  readonly config: TrainingConfig;
  readonly configs: NetworkConfigs;
  readonly networks: ReadonlyMap<NetworkName, Weights>;
  /** Folder with the tokenizer of each half, in `prior/` and `decoder/`. */
  readonly tokenizer: string;
}

/**
 * Writes a model into a folder that exists and is empty.
 *
 * @throws {ResourceError} where the disk is full
 */
export async function writeModel(
  folder: string,
  { config, configs, networks, tokenizer }: ModelContents,
  { dtype = "float32" }: { dtype?: "float32" | "float16" } = {},
): Promise<void> {
  const { latentMean, latentStd, resolutionMultiple, latentDimScale } = pipelineSettings(config);
  const common = {
    scheduler: ["diffusers", "DDPMWuerstchenScheduler"],
  };
  const text = (half: "prior" | "decoder") => {
    const encoder = configs[`${half}_text_encoder`];
    const isJoined = half === "prior" && configs.prior_adapters !== undefined;
    return {
      text_encoder: isJoined ? ["wuerstchen", "JoinedTextEncoder"] : ["transformers", textClassName(encoder)],
      tokenizer: ["transformers", isT5(encoder) ? "T5TokenizerFast" : "CLIPTokenizer"],
    };
  };
  const own = { ...pictureSize(config), ...modelSides(config, configs), ...config.model.defaults };
  const halves = {
    prior: {
      _class_name: "WuerstchenPriorPipeline",
      _diffusers_version: diffusersVersion,
      latent_mean: latentMean,
      latent_std: latentStd,
      prior: ["wuerstchen", stageCClassName(configs.prior)],
      resolution_multiple: resolutionMultiple,
      ...common,
      ...text("prior"),
    },
    decoder: {
      _class_name: "WuerstchenDecoderPipeline",
      _diffusers_version: diffusersVersion,
      decoder: ["wuerstchen", "WuerstchenDiffNeXt"],
      latent_dim_scale: latentDimScale,
      vqgan: ["wuerstchen", "PaellaVQModel"],
      ...common,
      ...text("decoder"),
    },
  };
  for (const [half, index] of Object.entries(halves)) {
    await writeJson(join(folder, half), "model_index.json", index);
    await writeJson(join(folder, half), "wuerstchen.json", own);
    await writeJson(join(folder, half, "scheduler"), "scheduler_config.json", {
      _class_name: "DDPMWuerstchenScheduler",
      _diffusers_version: diffusersVersion,
      s: 0.008,
      scaler: 1,
    });
    await Deno.mkdir(join(folder, half, "tokenizer"), { recursive: true });
    for (const file of files) {
      const bytes = await Deno.readFile(join(tokenizer, half, file)).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
      if (bytes) await writeFileAtomic(join(folder, half, "tokenizer", file), bytes);
    }
  }
  await writeJson(folder, "train.jsonc", withoutFolders(config));
  if (configs.prior_adapters) await copyEncoders(configs.prior_adapters, join(folder, places.prior_adapters.folder));
  for (const name of networksOf(configs)) {
    const { folder: place, stem } = places[name];
    await writeJson(join(folder, place), "config.json", configJson(name, configs));
    const tensors = [...networks.get(name)!].map(([key, value]) => [key, storedAs(value, dtype)] as const);
    await writeSafetensors(join(folder, place, `${stem}.safetensors`), tensors, { metadata: { format: "pt" } });
  }
}

/**
 * Writes a model whole or not at all, in place of one that is there.
 *
 * @throws {ResourceError} where the disk is full; what was there before stays
 */
export async function writeWholeModel(
  path: string,
  contents: ModelContents,
  options: { dtype: "float32" | "float16" },
): Promise<void> {
  const unfinished = join(dirname(path), `.${basename(path)}-unfinished`);
  await Deno.remove(unfinished, { recursive: true }).catch(() => {});
  await Deno.mkdir(unfinished);
  try {
    await writeModel(unfinished, contents, options);
    await Deno.remove(path, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    await Deno.rename(unfinished, path);
  } catch (error) {
    await Deno.remove(unfinished, { recursive: true }).catch(() => {});
    if (!(error instanceof ResourceError)) throw error;
    throw new ResourceError(error.message.replaceAll(unfinished, path), { cause: error });
  }
  await syncFolder(dirname(path));
}

/** The configuration without the names of folders of this machine; a model of a hub is its commit. */
function withoutFolders({ start, data, stageC, ...config }: TrainingConfig): unknown {
  const named = (folder: string) => snapshotName(folder) ?? basename(folder);
  const from = start === undefined
    ? {}
    : { start: typeof start === "string" ? named(start) : namedParts(start, named) };
  const encoders = stageC?.encoders?.map((folder) => basename(folder));
  const phase = stageC ? { stageC: { ...stageC, ...(encoders ? { encoders } : {}) } } : {};
  return { ...config, ...phase, ...from, data: { ...data, path: basename(data.path) } };
}

function namedParts({ new: unused, ...folders }: Exclude<Start, string>, named: (folder: string) => string): unknown {
  const parts = Object.entries(folders).map(([part, folder]) => [part, named(folder!)]);
  return { ...Object.fromEntries(parts), ...(unused && { new: unused }) };
}

function configJson(name: NetworkName, configs: NetworkConfigs): Record<string, unknown> {
  if (name === "decoder_text_encoder" || name === "prior_text_encoder") return textConfigJson(configs[name]);
  if (name === "prior_adapters") {
    const { width, encoders } = configs.prior_adapters!;
    return { _class_name: places[name].className, width, encoders: encoders.map((_, i) => encoderName(i)) };
  }
  const config: Record<string, unknown> = { ...configs[name] };
  if (name === "compressor") return config;
  const className = name === "prior" ? stageCClassName(configs.prior) : places[name].className;
  return { _class_name: className, _diffusers_version: diffusersVersion, ...config };
}

function textConfigJson(config: TextEncoderConfig): Record<string, unknown> {
  const architectures = [textClassName(config)];
  if (isT5(config)) return { architectures, ...config, is_encoder_decoder: false, use_cache: false };
  // The tokenizer has the start of text right before its end, and pads with the end.
  const { eos_token_id: eos } = config;
  return { model_type: "clip_text_model", ...config, architectures, bos_token_id: eos - 1, pad_token_id: eos };
}

function storedAs(value: Tensor<"float32">, dtype: "float32" | "float16"): Tensor | LazyTensor {
  if (dtype === "float32") return value;
  const load = () => tensor("float16", value.shape, Float16Array.from(value.data));
  return { dtype: "float16", shape: value.shape, load };
}

async function writeJson(folder: string, name: string, value: unknown): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const text = `${JSON.stringify(value, null, 2)}\n`;
  await writeFileAtomic(join(folder, name), new TextEncoder().encode(text));
}

/**
 * Reads the weights of one network of a model, widened to float32.
 *
 * @returns undefined where the model does not have that network
 * @throws {CheckpointError} where a tensor is missing or has another shape than the network's sizes ask for
 */
export async function readNetwork(
  model: Start,
  name: NetworkName,
  configs: NetworkConfigs,
): Promise<Map<string, Tensor<"float32">> | undefined> {
  const { stem } = places[name];
  const path = networkFolder(model, name);
  if (path === undefined || !(await Deno.stat(path).catch(() => undefined))?.isDirectory) return undefined;
  const checkpoint = await openCheckpoint(path, { stem });
  const weights = new Map<string, Tensor<"float32">>();
  for (const [key, shape] of networkParameters(name, configs)) {
    const found = checkpoint.tensors.get(key);
    if (!found) throw new CheckpointError(`${path}: there is no tensor "${key}", which model.${name} has`);
    if (found.shape.join() !== shape.join()) {
      throw new CheckpointError(`${path}: Expected "${key}" to be [${shape}] but found [${found.shape}]`);
    }
    weights.set(key, widened(await checkpoint.read(key)));
  }
  return weights;
}

function widened({ dtype, shape, data }: Tensor): Tensor<"float32"> {
  const bits = (value: number) => new Float32Array(Uint32Array.of(value << 16).buffer)[0]!;
  switch (dtype as DType) {
    case "float32":
      return tensor("float32", shape, data as Float32Array<ArrayBuffer>);
    case "bfloat16":
      return tensor("float32", shape, Float32Array.from(data as Uint16Array, bits));
    default:
      return tensor("float32", shape, Float32Array.from(data as Float16Array));
  }
}
