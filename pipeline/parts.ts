/**
 * Opens all parts of a model: configs are read, checkpoints checked against their networks, nothing is loaded yet.
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import { CheckpointError } from "../errors.ts";
import { parseConfig } from "../networks/config.ts";
import { previewDecoderConfig } from "../networks/preview_decoder.ts";
import type {
  Autoencoder,
  Compressor,
  Decoder,
  DenoisingPrior,
  PartContext,
  TextEncoder,
} from "../plugins/contracts/parts.ts";
import type { SchedulerContext } from "../plugins/contracts/scheduler.ts";
import { kinds } from "../plugins/kinds.ts";
import { portableRegistry } from "../plugins/portable.ts";
import type { ChosenPlugin, Registry } from "../plugins/registry.ts";
import { cosineSchedule } from "../schedulers/cosine_schedule.ts";
import { predictionOf } from "../schedulers/prediction.ts";
import type { Device } from "../runtime/devices/device.ts";
import type { NetworkOptions } from "../stages/network.ts";
import { PreviewStage } from "../stages/preview.ts";
import { type Checkpoint, openCheckpoint } from "../weights/checkpoint.ts";
import type { LoraNetwork } from "../weights/lora_keys.ts";
import { quote } from "../weights/quote.ts";
import { readJson } from "../weights/read_json.ts";
import type { ChosenDevices, DeviceNetwork } from "./devices.ts";
import type { LoadOptions } from "./load_options.ts";
import { type LoraChoice, lorasOf, type OpenedLora, openLoras } from "./loras.ts";
import type { ModelFolders } from "./model_folders.ts";
import { onDevice } from "./on_device.ts";
import { type NetworkName, type PrecisionChoice, precisionFor } from "./precisions.ts";
import { type FileKind, openWeightsFile, type WeightsFile } from "./weights_file.ts";

/** The stages of a model, by the half that they belong to, and what its samplers are made for. */
export interface ModelParts {
  readonly prior: {
    readonly text: TextEncoder;
    readonly stage: DenoisingPrior;
    readonly sampling: SchedulerContext;
    /** Where the prior comes from, for those that take its place. */
    readonly context: PartContext;
  };
  readonly decoder: {
    readonly text: TextEncoder;
    readonly stage: Decoder;
    readonly sampling: SchedulerContext;
    readonly autoencoder: Autoencoder;
  };
  /** Only where the model comes with it; pictures are painted without. */
  readonly compressor?: Compressor;
  /** Only where the model comes with it: small pictures from embeddings. */
  readonly preview?: PreviewStage;
  /** What is added to the weights. */
  readonly loras: readonly OpenedLora[];
  /** What its networks run on; the processor where nothing is said. */
  readonly devices: ChosenDevices["networks"];
}

const schedulerConfig = z.object({
  s: z.number().optional(),
  scaler: z.number().positive().optional(),
  prediction_type: z.string().optional(),
});

/** Noise schedule and prediction type of a half, out of its `scheduler_config.json`. */
async function openSampling(folder: string): Promise<SchedulerContext> {
  const file = join(folder, "scheduler_config.json");
  const { prediction_type, ...schedule } = parseConfig(schedulerConfig, await readJson(file), { file });
  try {
    return { schedule: cosineSchedule(schedule), prediction: predictionOf(prediction_type) };
  } catch (cause) {
    throw new CheckpointError(`${file}: ${(cause as Error).message}`, { cause });
  }
}

const stem = "diffusion_pytorch_model";

/** The kinds of plugins that a model's folders are opened by. */
type PartKind = "textEncoder" | "prior" | "decoder" | "autoencoder" | "compressor";

/** What opens folders that name no class: published ones may be that old. */
const usual: Readonly<Record<PartKind, string>> = {
  textEncoder: "CLIPTextModel",
  prior: "WuerstchenPrior",
  decoder: "WuerstchenDiffNeXt",
  autoencoder: "PaellaVQModel",
  compressor: "EfficientNetEncoder",
};

const classConfig = z.object({ _class_name: z.string().optional(), architectures: z.array(z.string()).optional() });

/** A part of a model whose files are open and whose plugin is chosen. */
interface OpenPart<K extends PartKind> {
  readonly checkpoint: Checkpoint;
  readonly context: Omit<PartContext, "options">;
  create(options: NetworkOptions, more?: { tokenizer: string }): ReturnType<ChosenPlugin<K>["create"]>;
}

/** How the parts of a model are found. */
interface How {
  readonly registry: Registry;
  readonly variant: string | undefined;
  readonly checkpointOf: ((folder: string) => Checkpoint | undefined) | undefined;
}

/** Opens a folder by the plugin that knows the class which its `config.json` names. */
async function openPart<K extends PartKind>(
  kind: K,
  folder: string,
  { registry, variant, checkpointOf, stem: name = stem, file: weights }: How & {
    stem?: "model" | typeof stem;
    /** A file in place of the folder's weights, and the network that it is. */
    file?: WeightsFile | undefined;
  },
): Promise<OpenPart<K>> {
  const file = join(folder, "config.json");
  const config = await readJson(file);
  const { _class_name, architectures } = parseConfig(classConfig, config, { file });
  const named = _class_name ?? architectures?.[0] ?? usual[kind];
  const plugin = registry.byClass(kind, named);
  if (!plugin) {
    const known = registry.list(kind).flatMap(({ plugin }) => plugin.classes ?? []);
    const key = _class_name === undefined ? "architectures" : "_class_name";
    throw new CheckpointError(
      `${file}: "${key}": Expected a ${kinds[kind].words} that is known (${known.join(", ")}) but found ${
        quote(named)
      }`,
    );
  }
  const context: Omit<PartContext, "options"> = {
    folder,
    ...(weights ? await openWeightsFile(weights.kind, weights.path, { folder }) : {
      config,
      checkpoint: checkpointOf?.(folder) ?? await openCheckpoint(folder, { stem: name, variant, orPlain: true }),
    }),
  };
  const { checkpoint } = context;
  const chosen = registry.choose(kind, plugin.name);
  return { checkpoint, context, create: (options, more) => chosen.create({ ...context, ...more, options } as never) };
}

const fileOf = (kind: FileKind, path: string | undefined) => path === undefined ? undefined : { kind, path };

async function openCompressor(
  folder: string,
  { decoder: { stage, autoencoder }, options, ...how }: How & {
    decoder: ModelParts["decoder"];
    options: NetworkOptions;
  },
): Promise<Compressor> {
  const compressor = await (await openPart("compressor", folder, how)).create(options);
  checkFits(folder, [
    ["channels of its embedding", compressor.config.c_latent, stage.config.effnet_embd],
    ["channels of its pictures", compressor.channels, autoencoder.config.in_channels],
  ]);
  return compressor;
}

async function openPreview(
  folder: string,
  { decoder: { stage, autoencoder }, options, variant, checkpointOf }: How & {
    decoder: ModelParts["decoder"];
    options: NetworkOptions;
  },
): Promise<PreviewStage> {
  const file = join(folder, "config.json");
  const config = parseConfig(previewDecoderConfig, await readJson(file), { file });
  checkFits(folder, [
    ["channels of its embedding", config.c_in, stage.config.effnet_embd],
    ["channels of its pictures", config.c_out, autoencoder.config.out_channels],
  ]);
  const checkpoint = checkpointOf?.(folder) ?? await openCheckpoint(folder, { stem, variant, orPlain: true });
  return new PreviewStage(config, checkpoint, options);
}

/** @throws {CheckpointError} where a companion of a decoder is one of another decoder */
function checkFits(folder: string, sizes: readonly (readonly [name: string, found: number, wanted: number])[]): void {
  for (const [name, found, wanted] of sizes) {
    if (found === wanted) continue;
    throw new CheckpointError(
      `${folder}/config.json: Expected ${wanted} ${name}, as the decoder has them, but found ${found}`,
    );
  }
}

/** @throws {CheckpointError} where none of the networks has the variant that was asked for */
function checkVariant(variant: string | undefined, checkpoints: readonly Checkpoint[]): void {
  if (variant === undefined || checkpoints.some((checkpoint) => checkpoint.variant === variant)) return;
  const folders = checkpoints.map(({ folder }) => folder);
  throw new CheckpointError(
    `Expected weights of the variant ${quote(variant)} in one of ${folders.join(", ")} but found none: ` +
      "leave --variant out, or name one that is there",
  );
}

/**
 * Opens a model: its parts are made by the plugins that know their classes.
 *
 * @param options.variant weights to take where a network has them, such as `fp16`; the other networks take their plain files
 * @param options.precision in what weights are kept
 * @param options.compute in what the stages compute; where left out, what suits their devices
 * @param options.devices what networks run on; the processor where left out
 * @param options.checkpointOf weights of folders that hold none, for what only looks ahead: their variant is taken for the right one
 * @throws {CheckpointError} where a file is missing or damaged, weights and configuration do not fit, no network has the variant,
 * a LoRA is none of this model, or weights were written in another precision
 */
export async function openParts(
  { prior, decoder, compressor, preview }: ModelFolders,
  options: NetworkOptions = {},
  { loras: choices = [], precision, compute, devices = {}, variant, checkpointOf, registry = portableRegistry() }: {
    loras?: readonly LoraChoice[] | undefined;
    precision?: PrecisionChoice | undefined;
    compute?: LoadOptions["compute"];
    devices?: ChosenDevices["networks"] | undefined;
    variant?: string | undefined;
    checkpointOf?: How["checkpointOf"];
    registry?: Registry | undefined;
  } = {},
): Promise<ModelParts> {
  const how: How = { registry, variant, checkpointOf };
  const [priorSampling, decoderSampling] = await Promise.all([
    openSampling(prior.scheduler),
    openSampling(decoder.scheduler),
  ]);
  const [priorText, decoderText, priorPart, decoderPart, vqgan] = await Promise.all([
    openPart("textEncoder", prior.textEncoder, { ...how, stem: "model" }),
    openPart("textEncoder", decoder.textEncoder, { ...how, stem: "model" }),
    openPart("prior", prior.prior, { ...how, file: fileOf("prior", prior.file) }),
    openPart("decoder", decoder.decoder, { ...how, file: fileOf("decoder", decoder.file) }),
    openPart("autoencoder", decoder.vqgan, { ...how, file: fileOf("vqgan", decoder.vqganFile) }),
  ]);
  const opened = [priorPart, decoderPart, vqgan, priorText, decoderText];
  if (!checkpointOf) checkVariant(variant, opened.map(({ checkpoint }) => checkpoint));
  const loras = await openLoras(choices, {
    prior: priorPart.checkpoint.tensors,
    prior_text_encoder: priorText.checkpoint.tensors,
    decoder: decoderPart.checkpoint.tensors,
  });
  const placed = (network: DeviceNetwork) => {
    return { ...options, runtime: onDevice(options.runtime, devices[network]) };
  };
  const kept = (network: NetworkName) => ({ ...placed(network), ...keptAs(network, { precision, compute, devices }) });
  const changed = (network: LoraNetwork) => ({ ...kept(network), loras: lorasOf(loras, network) });
  const decoderParts = {
    text: await decoderText.create(kept("decoder_text_encoder"), { tokenizer: decoder.tokenizer }),
    stage: await decoderPart.create(changed("decoder")),
    sampling: decoderSampling,
    autoencoder: await vqgan.create(kept("vqgan")),
  };
  const priorOptions = changed("prior");
  const stage = await priorPart.create(priorOptions);
  if (!("predict" in stage)) {
    throw new CheckpointError(`${prior.prior}/config.json: Expected a prior that is a network, to sample from`);
  }
  return {
    prior: {
      text: await priorText.create(changed("prior_text_encoder"), { tokenizer: prior.tokenizer }),
      stage,
      sampling: priorSampling,
      context: { ...priorPart.context, options: priorOptions },
    },
    decoder: decoderParts,
    loras,
    devices,
    ...(compressor === undefined ? {} : {
      compressor: await openCompressor(compressor, { ...how, decoder: decoderParts, options: placed("compressor") }),
    }),
    ...(preview === undefined
      ? {}
      : { preview: await openPreview(preview, { ...how, decoder: decoderParts, options }) }),
  };
}

/** In what a network keeps its weights, and in what it computes where nothing is said. */
export function keptAs(
  network: NetworkName,
  { precision, compute, devices }: {
    precision: PrecisionChoice | undefined;
    compute?: LoadOptions["compute"];
    devices: ChosenDevices["networks"];
  },
): Pick<NetworkOptions, "precision" | "compute"> {
  return {
    precision: precisionFor(precision, network),
    compute: computeOn(devices[network], { network, compute }),
  };
}

/** In what a network computes on a device. Text encoders stay in 32 bits: they run once, and T5's sums pass what 16 bits hold. */
function computeOn(
  device: Device | undefined,
  { network, compute }: { network: NetworkName; compute: LoadOptions["compute"] },
): NetworkOptions["compute"] {
  if (network === "prior_text_encoder" || network === "decoder_text_encoder") return "fp32";
  return compute ?? (device === "cuda" || device === "tensorrt" ? "weights" : "fp32");
}

/** The checkpoints that paint, by the name that metadata gives them. */
export function checkpointsOf(parts: ModelParts): Record<NetworkName, Checkpoint> {
  const all = Object.entries(networksOf(parts)).map(([name, { checkpoint }]) => [name, checkpoint]);
  return Object.fromEntries(all) as Record<NetworkName, Checkpoint>;
}

/** The networks that paint, by the name that metadata gives their weights. */
export function networksOf({ prior, decoder }: ModelParts) {
  return {
    prior: prior.stage.network,
    prior_text_encoder: prior.text.network,
    decoder: decoder.stage.network,
    decoder_text_encoder: decoder.text.network,
    vqgan: decoder.autoencoder.network,
  };
}
