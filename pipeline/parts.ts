/**
 * Opens all parts of a model: configs are read, checkpoints checked against their networks, nothing is loaded yet.
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import { CheckpointError } from "../errors.ts";
import { type ClipTextConfig, clipTextConfig } from "../networks/clip_text.ts";
import { compressorConfig } from "../networks/compressor.ts";
import { parseConfig } from "../networks/config.ts";
import { diffNeXtConfig } from "../networks/diffnext.ts";
import { paellaVqConfig } from "../networks/paella_vq.ts";
import { priorConfig } from "../networks/prior.ts";
import { ddpmWuerstchen } from "../schedulers/ddpm_wuerstchen.ts";
import type { Scheduler } from "../schedulers/scheduler.ts";
import { AutoencoderStage } from "../stages/autoencoder.ts";
import { CompressorStage } from "../stages/compressor.ts";
import { DecoderStage } from "../stages/decoder.ts";
import type { NetworkOptions } from "../stages/network.ts";
import { PriorStage } from "../stages/prior.ts";
import { TextEncoderStage } from "../stages/text_encoder.ts";
import type { ClipTokenizer } from "../text/clip_tokenizer.ts";
import { loadClipTokenizer } from "../text/load_clip_tokenizer.ts";
import { type Checkpoint, openCheckpoint } from "../weights/checkpoint.ts";
import type { LoraNetwork } from "../weights/lora_keys.ts";
import { quote } from "../weights/quote.ts";
import { readJson } from "../weights/read_json.ts";
import { type LoraChoice, lorasOf, type OpenedLora, openLoras } from "./loras.ts";
import type { ModelFolders } from "./model.ts";

/** The stages and schedulers of a model, by the half that they belong to. */
export interface ModelParts {
  readonly prior: { readonly text: TextEncoderStage; readonly stage: PriorStage; readonly scheduler: Scheduler };
  readonly decoder: {
    readonly text: TextEncoderStage;
    readonly stage: DecoderStage;
    readonly scheduler: Scheduler;
    readonly autoencoder: AutoencoderStage;
  };
  /** Only where the model comes with it; pictures are painted without. */
  readonly compressor?: CompressorStage;
  /** What is added to the weights. */
  readonly loras: readonly OpenedLora[];
}

const schedulerConfig = z.object({ s: z.number().optional(), scaler: z.number().positive().optional() });

async function readConfig<Schema extends z.ZodType>(schema: Schema, folder: string): Promise<z.output<Schema>> {
  const file = join(folder, "config.json");
  return parseConfig(schema, await readJson(file), { file });
}

async function openScheduler(folder: string): Promise<Scheduler> {
  const file = join(folder, "scheduler_config.json");
  const { s, scaler } = parseConfig(schedulerConfig, await readJson(file), { file });
  return ddpmWuerstchen({ ...(s === undefined ? {} : { s }), ...(scaler === undefined ? {} : { scaler }) });
}

/** Opens a text encoder, and gives what makes a stage of it once its LoRAs are known. */
async function openTextEncoder(
  { textEncoder, tokenizer }: { textEncoder: string; tokenizer: string },
  variant: string | undefined,
) {
  const [config, checkpoint, words] = await Promise.all([
    readConfig(clipTextConfig, textEncoder),
    openCheckpoint(textEncoder, { stem: "model", variant, orPlain: true }),
    loadClipTokenizer(tokenizer),
  ]);
  checkTokenizer(words, config, { tokenizer, textEncoder });
  const stage = (options: NetworkOptions) => new TextEncoderStage({ config, tokenizer: words }, checkpoint, options);
  return { checkpoint, stage };
}

/** @throws {CheckpointError} where a tokenizer gives what its text encoder cannot take */
function checkTokenizer(
  { highestId, maxLength }: ClipTokenizer,
  { vocab_size, max_position_embeddings }: ClipTextConfig,
  { tokenizer, textEncoder }: { tokenizer: string; textEncoder: string },
): void {
  const config = join(textEncoder, "config.json");
  if (highestId >= vocab_size) {
    throw new CheckpointError(
      `${tokenizer}: Expected a vocabulary of at most ${vocab_size} tokens, as ${config} says (vocab_size), but found the ` +
        `id ${highestId}: take tokenizer and text encoder of one model`,
    );
  }
  if (maxLength > max_position_embeddings) {
    throw new CheckpointError(
      `${
        join(tokenizer, "tokenizer_config.json")
      }: "model_max_length": Expected at most ${max_position_embeddings} tokens, ` +
        `as ${config} says (max_position_embeddings), but found ${maxLength}`,
    );
  }
}

const stem = "diffusion_pytorch_model";

async function openCompressor(
  folder: string,
  { decoder: { stage, autoencoder }, options, variant }: {
    decoder: ModelParts["decoder"];
    options: NetworkOptions;
    variant: string | undefined;
  },
): Promise<CompressorStage> {
  const [config, checkpoint] = await Promise.all([
    readConfig(compressorConfig, folder),
    openCheckpoint(folder, { stem, variant, orPlain: true }),
  ]);
  const compressor = new CompressorStage(config, checkpoint, options);
  for (
    const [name, found, wanted] of [
      ["channels of its embedding", config.c_latent, stage.config.effnet_embd],
      ["channels of its pictures", compressor.channels, autoencoder.config.in_channels],
    ] as const
  ) {
    if (found === wanted) continue;
    throw new CheckpointError(
      `${folder}/config.json: Expected ${wanted} ${name}, as the decoder has them, but found ${found}`,
    );
  }
  return compressor;
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
 * Opens a model.
 *
 * @param options.variant weights to take where a network has them, such as `fp16`; the other networks take their plain files
 * @throws {CheckpointError} where a file is missing or damaged, weights and configuration do not fit, no network has the variant,
 * or a LoRA is none of this model
 */
export async function openParts(
  { prior, decoder, compressor }: ModelFolders,
  options: NetworkOptions = {},
  { loras: choices = [], variant }: { loras?: readonly LoraChoice[] | undefined; variant?: string | undefined } = {},
): Promise<ModelParts> {
  const [priorText, decoderText, priorScheduler, decoderScheduler] = await Promise.all([
    openTextEncoder(prior, variant),
    openTextEncoder(decoder, variant),
    openScheduler(prior.scheduler),
    openScheduler(decoder.scheduler),
  ]);
  const [priorSizes, decoderSizes, vqganSizes] = await Promise.all([
    readConfig(priorConfig, prior.prior),
    readConfig(diffNeXtConfig, decoder.decoder),
    readConfig(paellaVqConfig, decoder.vqgan),
  ]);
  const [priorWeights, decoderWeights, vqganWeights] = await Promise.all([
    openCheckpoint(prior.prior, { stem, variant, orPlain: true }),
    openCheckpoint(decoder.decoder, { stem, variant, orPlain: true }),
    openCheckpoint(decoder.vqgan, { stem, variant, orPlain: true }),
  ]);
  const weights = [priorWeights, decoderWeights, vqganWeights, priorText.checkpoint, decoderText.checkpoint];
  checkVariant(variant, weights);
  const loras = await openLoras(choices, {
    prior: priorWeights.tensors,
    prior_text_encoder: priorText.checkpoint.tensors,
    decoder: decoderWeights.tensors,
  });
  const changed = (network: LoraNetwork) => ({ ...options, loras: lorasOf(loras, network) });
  const decoderParts = {
    text: decoderText.stage(options),
    stage: new DecoderStage(decoderSizes, decoderWeights, changed("decoder")),
    scheduler: decoderScheduler,
    autoencoder: new AutoencoderStage(vqganSizes, vqganWeights, options),
  };
  return {
    prior: {
      text: priorText.stage(changed("prior_text_encoder")),
      stage: new PriorStage(priorSizes, priorWeights, changed("prior")),
      scheduler: priorScheduler,
    },
    decoder: decoderParts,
    loras,
    ...(compressor === undefined
      ? {}
      : { compressor: await openCompressor(compressor, { decoder: decoderParts, options, variant }) }),
  };
}

/** The checkpoints that paint, by the name that metadata gives them. */
export function checkpointsOf({ prior, decoder }: ModelParts): Record<string, Checkpoint> {
  return {
    prior: prior.stage.network.checkpoint,
    prior_text_encoder: prior.text.network.checkpoint,
    decoder: decoder.stage.network.checkpoint,
    decoder_text_encoder: decoder.text.network.checkpoint,
    vqgan: decoder.autoencoder.network.checkpoint,
  };
}
