/**
 * What is timed: one run of one network, of the bundled model or at the published sizes.
 * @module
 */
import { join } from "node:path";
import { clipTextConfig } from "../networks/clip_text.ts";
import { diffNeXtConfig } from "../networks/diffnext.ts";
import { paellaVqConfig } from "../networks/paella_vq.ts";
import { priorConfig } from "../networks/prior.ts";
import { batchOf } from "../pipeline/guidance.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { planSizes } from "../pipeline/plan.ts";
import type { NetworkClass } from "../stages/declared_parameters.ts";

/** Sizes of one run. */
export interface RunSizes {
  /** Latents. */
  readonly batch: number;
  /** Rows of text for each latent: 2 with guidance, 1 where left out. */
  readonly copies?: number;
  /** Cells of the latent. */
  readonly height?: number;
  readonly width?: number;
  /** Cells of Stage C's embedding, for Stage B. */
  readonly embedding?: { readonly height: number; readonly width: number };
  /** Text tokens. */
  readonly tokens?: number;
}

/** One network at one size: everything that a process of its own must be told, here or in a peer. */
export interface Case {
  readonly name: string;
  readonly network: NetworkClass;
  /** Holds `config.json` and the weights. */
  readonly folder: string;
  readonly sizes: RunSizes;
}

/** A network at published sizes, for which random weights are written. */
export interface RandomCheckpoint {
  readonly folder: string;
  readonly network: NetworkClass;
  readonly config: Readonly<Record<string, unknown>>;
}

const textEncoder = (config: Readonly<Record<string, unknown>>) => ({
  model_type: "clip_text_model",
  ...clipTextConfig.parse({ hidden_act: "gelu", ...config }),
});

/** A case and the weights that it needs. */
export interface RealSizeCase {
  readonly name: string;
  readonly timed: Case;
  readonly checkpoint: RandomCheckpoint;
}

/** The networks of the published Würstchen v2, by folder. */
const published = {
  // OpenCLIP ViT-bigG/14 and ViT-H/14, as in the published repositories.
  "prior-text": {
    network: "CLIPTextModel",
    config: textEncoder({
      hidden_size: 1280,
      intermediate_size: 5120,
      num_hidden_layers: 32,
      num_attention_heads: 20,
      projection_dim: 1280,
    }),
  },
  "decoder-text": {
    network: "CLIPTextModel",
    config: textEncoder({
      hidden_size: 1024,
      intermediate_size: 4096,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      projection_dim: 1024,
    }),
  },
  prior: {
    network: "WuerstchenPrior",
    config: priorConfig.parse({ c: 1536, depth: 32, nhead: 24, c_cond: 1280, c_r: 64 }),
  },
  decoder: { network: "WuerstchenDiffNeXt", config: diffNeXtConfig.parse({}) },
  vqgan: { network: "PaellaVQModel", config: paellaVqConfig.parse({}) },
} satisfies Readonly<Record<string, Omit<RandomCheckpoint, "folder">>>;

/** Name of one of them. */
export type PublishedNetwork = keyof typeof published;

/** Runs at published sizes: the folder of {@linkcode published} that each needs, and its sizes. */
const realSizes: Readonly<Record<string, { checkpoint: PublishedNetwork; sizes: RunSizes }>> = {
  "prior-text": { checkpoint: "prior-text", sizes: { batch: 1, tokens: 77 } },
  "decoder-text": { checkpoint: "decoder-text", sizes: { batch: 1, tokens: 77 } },
  // 24 × 24 is a picture of 1024 px; classifier-free guidance takes each latent with the prompt and without.
  "stage-c-1024": { checkpoint: "prior", sizes: { batch: 1, copies: 2, height: 24, width: 24, tokens: 77 } },
  "stage-b-512": {
    checkpoint: "decoder",
    sizes: { batch: 1, height: 128, width: 128, embedding: { height: 12, width: 12 }, tokens: 77 },
  },
  "stage-b-1024": {
    checkpoint: "decoder",
    sizes: { batch: 1, height: 256, width: 256, embedding: { height: 24, width: 24 }, tokens: 77 },
  },
  "stage-a-512": { checkpoint: "vqgan", sizes: { batch: 1, height: 128, width: 128 } },
  "stage-a-1024": { checkpoint: "vqgan", sizes: { batch: 1, height: 256, width: 256 } },
};

/** A checkpoint for each network of the published Würstchen v2, in folders inside of `folder`. */
export function publishedCheckpoints(folder: string): Record<PublishedNetwork, RandomCheckpoint> {
  const checkpoints = Object.entries(published).map(([name, rest]) => [name, { folder: join(folder, name), ...rest }]);
  return Object.fromEntries(checkpoints) as Record<PublishedNetwork, RandomCheckpoint>;
}

/** Cases at the published sizes, each with the checkpoint that it needs inside `folder`. */
export function realSizeCases(folder: string): RealSizeCase[] {
  const checkpoints = publishedCheckpoints(folder);
  return Object.entries(realSizes).map(([name, { checkpoint: needed, sizes }]) => {
    const checkpoint = checkpoints[needed];
    return { name, timed: { name, network: checkpoint.network, folder: checkpoint.folder, sizes }, checkpoint };
  });
}

/** The five networks of a loaded model, each at the size that the model paints by default. */
export function modelCases({ parts: { prior, decoder }, rules, defaults, name }: Pipeline): Case[] {
  const plan = planSizes(defaults, rules);
  const tokens = prior.text.tokens;
  return [
    { name: "prior-text", network: "CLIPTextModel", stage: prior.text, sizes: { batch: 1, tokens } },
    {
      name: "stage-c",
      network: "WuerstchenPrior",
      stage: prior.stage,
      sizes: { batch: 1, copies: batchOf(1, [defaults.priorGuidance]).copies, ...plan.prior, tokens },
    },
    {
      name: "decoder-text",
      network: "CLIPTextModel",
      stage: decoder.text,
      sizes: { batch: 1, tokens: decoder.text.tokens },
    },
    {
      name: "stage-b",
      network: "WuerstchenDiffNeXt",
      stage: decoder.stage,
      sizes: {
        batch: 1,
        copies: batchOf(1, [defaults.decoderGuidance]).copies,
        ...plan.decoder,
        embedding: plan.prior,
        tokens: decoder.text.tokens,
      },
    },
    { name: "stage-a", network: "PaellaVQModel", stage: decoder.autoencoder, sizes: { batch: 1, ...plan.decoder } },
  ].map(({ stage, ...rest }) => ({
    ...rest,
    name: `${name}-${rest.name}`,
    network: rest.network as NetworkClass,
    folder: stage.network.checkpoint.folder,
  }));
}
