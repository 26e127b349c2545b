/**
 * Text encoders of every kind, told apart by their configurations.
 * @module
 */
import { z } from "zod";
import type { Value } from "../onnx/mod.ts";
import { clipText, type ClipTextConfig, clipTextConfig, clipTextWithProjection } from "./clip_text.ts";
import { type T5Config, t5Config, t5Encoder } from "./t5_encoder.ts";

/** Sizes of a text encoder, of CLIP or of T5. */
export type TextEncoderConfig = ClipTextConfig | T5Config;

/** Ids and attention mask of texts, int64 [b, t] each. */
export interface TextInputs {
  ids: Value;
  mask: Value;
}

/** Whether a `config.json` is of T5: its `model_type` says so. */
export function namesT5(json: unknown): boolean {
  return z.object({ model_type: z.literal("t5") }).safeParse(json).success;
}

/** The schema for a `config.json`: T5's or CLIP's. */
export function textEncoderSchema(json: unknown): typeof t5Config | typeof clipTextConfig {
  return namesT5(json) ? t5Config : clipTextConfig;
}

/** Whether a configuration is of T5. */
export function isT5(config: TextEncoderConfig): config is T5Config {
  return "d_model" in config;
}

/** Channels of its states. */
export function textWidth(config: TextEncoderConfig): number {
  return isT5(config) ? config.d_model : config.hidden_size;
}

/** Most tokens that it takes; T5 knows no limit. */
export function mostTokens(config: TextEncoderConfig): number {
  return isT5(config) ? Infinity : config.max_position_embeddings;
}

/** Class of transformers that it is. */
export function textClassName(config: TextEncoderConfig): string {
  return isT5(config) ? "T5EncoderModel" : config.architectures[0] ?? "CLIPTextModel";
}

/** States after the final norm: [b, t, width]. */
export function encodeText(config: TextEncoderConfig, inputs: TextInputs): Value {
  return isT5(config) ? t5Encoder(config, inputs).lastHiddenState : clipText(config, inputs).lastHiddenState;
}

/** Builds every part of it once, so that all parameters of its checkpoint are declared: of CLIP the projection too. */
export function declareText(config: TextEncoderConfig, inputs: TextInputs): void {
  if (isT5(config)) t5Encoder(config, inputs);
  else if (config.architectures.includes("CLIPTextModelWithProjection")) clipTextWithProjection(config, inputs);
  else clipText(config, inputs);
}
