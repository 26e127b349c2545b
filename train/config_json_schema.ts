/**
 * The JSON Schema of a training's configuration, with which editors complete and check it.
 * @module
 */
import type { z } from "zod";
import { type JsonSchema, jsonSchemaOf } from "../config/json_schema.ts";
import { clipTextConfig } from "../networks/clip_text.ts";
import { diffNeXtConfig } from "../networks/diffnext.ts";
import { paellaVqConfig } from "../networks/paella_vq.ts";
import { ditPriorConfig } from "../networks/dit_prior.ts";
import { priorConfig } from "../networks/prior.ts";
import { semanticCompressorConfig } from "../networks/semantic_compressor.ts";
import { smallCompressorConfig } from "../networks/small_compressor.ts";
import { t5Config } from "../networks/t5_encoder.ts";
import { smallPreviewConfig, trainingConfig } from "./config_schema.ts";

/** Settings of a network that follow from others, and are not to be set. */
const derived = {
  vqgan: ["in_channels", "out_channels", "scale_factor"],
  decoder: ["c_in", "c_out", "effnet_embd", "clip_embd"],
  prior: ["c_in", "c_cond"],
  clipText: ["vocab_size", "eos_token_id", "max_position_embeddings", "architectures", "projection_dim"],
  t5: ["vocab_size"],
  preview: ["c_in", "c_out"],
} as const;

/** The settings of a network as an object that has no others. */
function networkSchema(schema: z.ZodType, without: readonly string[]): JsonSchema {
  const { properties = {} } = jsonSchemaOf(schema);
  const own = Object.entries(properties).filter(([name]) => !without.includes(name));
  return { type: "object", properties: Object.fromEntries(own), additionalProperties: false };
}

/** Makes the schema: JSON Schema 2020-12. Relations between settings are left to the program. */
export function trainingConfigSchema(): JsonSchema {
  const whole = jsonSchemaOf(trainingConfig);
  const model = whole.properties!["model"]!;
  const textEncoder = {
    anyOf: [
      networkSchema(clipTextConfig, derived.clipText),
      { ...networkSchema(t5Config, derived.t5), required: ["model_type"] },
    ],
  };
  const networks: Record<string, JsonSchema> = {
    vqgan: networkSchema(paellaVqConfig, derived.vqgan),
    compressor: {
      anyOf: [
        networkSchema(smallCompressorConfig, ["in_channels"]),
        { ...networkSchema(semanticCompressorConfig, []), required: ["_class_name"] },
      ],
    },
    decoder: networkSchema(diffNeXtConfig, derived.decoder),
    decoderTextEncoder: textEncoder,
    prior: {
      anyOf: [
        networkSchema(priorConfig, derived.prior),
        { ...networkSchema(ditPriorConfig, derived.prior), required: ["_class_name"] },
      ],
    },
    priorTextEncoder: textEncoder,
    preview: networkSchema(smallPreviewConfig, derived.preview),
  };
  const described = Object.entries(networks).map(([name, schema]) => {
    const { description = "" } = model.properties![name]!;
    return [name, { ...schema, description }] as const;
  });
  const properties = { ...model.properties, ...Object.fromEntries(described) };
  return { ...whole, properties: { ...whole.properties, model: { ...model, properties } } };
}
