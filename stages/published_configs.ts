/**
 * The sizes of published models, for planning without their files.
 * @module
 */
import { clipTextConfig } from "../networks/clip_text.ts";
import type { CompressorConfig } from "../networks/compressor.ts";
import { type DiffNeXtConfig, diffNeXtConfig } from "../networks/diffnext.ts";
import { type PaellaVqConfig, paellaVqConfig } from "../networks/paella_vq.ts";
import { type PriorConfig, priorConfig } from "../networks/prior.ts";
import type { PreviewDecoderConfig } from "../networks/preview_decoder.ts";
import type { TextEncoderConfig } from "../networks/text_encoder.ts";

/** Sizes of all networks of a model. */
export interface ModelConfigs {
  readonly priorText: TextEncoderConfig;
  readonly prior: PriorConfig;
  readonly decoderText: TextEncoderConfig;
  readonly decoder: DiffNeXtConfig;
  readonly vqgan: PaellaVqConfig;
  /** Tokens that each half's texts are padded or cut to: its tokenizer says so, since T5 takes any number. */
  readonly tokens: { readonly prior: number; readonly decoder: number };
  /** Only where the model comes with it. */
  readonly compressor?: CompressorConfig;
  /** Likewise. */
  readonly preview?: PreviewDecoderConfig;
}

/**
 * Würstchen v2: the `config.json` files of https://huggingface.co/warp-ai/wuerstchen-prior and
 * https://huggingface.co/warp-ai/wuerstchen, whose text encoders are OpenCLIP's ViT-bigG-14 and ViT-H-14.
 */
export const wuerstchenV2: ModelConfigs = {
  priorText: clipTextConfig.parse({
    hidden_size: 1280,
    intermediate_size: 5120,
    num_hidden_layers: 32,
    num_attention_heads: 20,
    hidden_act: "gelu",
  }),
  prior: priorConfig.parse({ c: 1536, depth: 32, nhead: 24, c_cond: 1280, c_r: 64 }),
  decoderText: clipTextConfig.parse({
    hidden_size: 1024,
    intermediate_size: 4096,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    hidden_act: "gelu",
  }),
  decoder: diffNeXtConfig.parse({ c_cond: 1024, clip_embd: 1024, nhead: [-1, 10, 20, 20] }),
  vqgan: paellaVqConfig.parse({}),
  tokens: { prior: 77, decoder: 77 },
};
