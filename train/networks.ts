/**
 * The networks of a model in training: their sizes, parameters and first values.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { clipTextConfig } from "../networks/clip_text.ts";
import { compressorChannels, type CompressorConfig, compressorStride, embedPixels } from "../networks/compressor.ts";
import { type DiffNeXtConfig, diffNeXtConfig, wuerstchenDiffNeXt } from "../networks/diffnext.ts";
import {
  paellaDecode,
  paellaEncode,
  paellaQuantize,
  type PaellaVqConfig,
  paellaVqConfig,
} from "../networks/paella_vq.ts";
import { previewDecoder, type PreviewDecoderConfig } from "../networks/preview_decoder.ts";
import { adaptStates } from "../networks/text_adapters.ts";
import { declareText, isT5, type TextEncoderConfig, textEncoderSchema, textWidth } from "../networks/text_encoder.ts";
import { isDit, predictNoise, type StageCConfig, stageCSchema } from "../networks/stage_c.ts";
import { GraphError, input, traceScopes, type Value } from "../onnx/mod.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { unknownSetting } from "../config/explain_issue.ts";
import { trainingConfigSchema } from "./config_json_schema.ts";
import { compressorSchema, type TrainingConfig } from "./config.ts";
import { smallPreviewConfig } from "./config_schema.ts";
import type { AdaptersConfig, EncoderSizes } from "./joined_encoders.ts";
import {
  clipTextInit,
  decoderInit,
  ditInit,
  initialise,
  type InitialValues,
  plainInit,
  priorInit,
  t5Init,
  vqganInit,
} from "./initialise.ts";

/** Names of the networks, as metadata has them. */
export const networkNames = [
  "vqgan",
  "compressor",
  "decoder",
  "decoder_text_encoder",
  "prior",
  "prior_text_encoder",
  "prior_adapters",
  "preview",
] as const;
export type NetworkName = typeof networkNames[number];

/** Sizes of all networks of a model. */
export interface NetworkConfigs {
  readonly vqgan: PaellaVqConfig;
  readonly compressor: CompressorConfig;
  readonly decoder: DiffNeXtConfig;
  readonly decoder_text_encoder: TextEncoderConfig;
  readonly prior: StageCConfig;
  readonly prior_text_encoder: TextEncoderConfig;
  /** Only where Stage C has several text encoders, in place of one of its own. */
  readonly prior_adapters?: AdaptersConfig;
  /** Only where it is trained. */
  readonly preview?: PreviewDecoderConfig;
}

/** The names of the networks that a model has. */
export function networksOf(configs: NetworkConfigs): NetworkName[] {
  const own = networkNames.filter((name) => configs[name] !== undefined);
  return configs.prior_adapters ? own.filter((name) => name !== "prior_text_encoder") : own;
}

/** Numbers of a vocabulary that a text encoder has to know. */
export interface VocabularySize {
  /** Ids that there are. */
  readonly size: number;
  /** Id of the end of text. */
  readonly eosId: number;
  /** Tokens of a text. */
  readonly maxLength: number;
}

/** Fills in what one network has to have because of another, refusing what contradicts it. */
function join(
  name: string,
  given: Readonly<Record<string, unknown>>,
  derived: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  for (const [key, value] of Object.entries(derived)) {
    const found = given[key];
    if (found !== undefined && JSON.stringify(found) !== JSON.stringify(value)) {
      throw new ConfigError(
        `Expected model.${name}.${key} to be ${value}, which the other parts need, but found ${found}`,
      );
    }
  }
  return { ...given, ...derived };
}

function parseSizes<
  Schema extends
    | typeof diffNeXtConfig
    | ReturnType<typeof stageCSchema>
    | ReturnType<typeof textEncoderSchema>
    | typeof paellaVqConfig
    | typeof smallPreviewConfig
    | ReturnType<typeof compressorSchema>,
>(
  schema: Schema,
  name: string,
  given: unknown,
): ReturnType<Schema["parse"]> {
  const unknown = Object.keys(given as object).find((key) =>
    !(key in (schema as unknown as { shape?: object }).shape!)
  );
  if (unknown !== undefined) {
    throw new ConfigError(unknownSetting(["model", name, unknown], { schema: trainingConfigSchema() }));
  }
  const result = schema.safeParse(given);
  if (result.success) return result.data as ReturnType<Schema["parse"]>;
  const issue = result.error.issues[0]!;
  throw new ConfigError(`model.${[name, ...issue.path].join(".")}: ${issue.message}`);
}

/**
 * Sizes of every network, from a training's configuration.
 *
 * @param options.encoders those of `stageC.encoders`, as far as they have been looked into
 * @throws {ConfigError} where a value is wrong, or two of them contradict each other
 */
export function networkConfigs(
  { model, data, stageC, preview: hasPreview }: TrainingConfig,
  vocabularies: Readonly<Record<"prior" | "decoder", VocabularySize>>,
  { encoders }: { encoders?: readonly EncoderSizes[] | undefined } = {},
): NetworkConfigs {
  const vqgan = parseSizes(paellaVqConfig, "vqgan", {
    ...model.vqgan,
    in_channels: data.channels,
    out_channels: data.channels,
    scale_factor: 1,
  }) as PaellaVqConfig;
  const schema = compressorSchema(model.compressor._class_name);
  const compressor = parseSizes(
    schema,
    "compressor",
    schema === compressorSchema(undefined)
      ? join("compressor", model.compressor, { in_channels: data.channels })
      : model.compressor,
  ) as CompressorConfig;
  const text = (half: "prior" | "decoder") => {
    const { size, eosId, maxLength } = vocabularies[half];
    const given = model[`${half}TextEncoder`];
    const schema = textEncoderSchema(given);
    const words = schema === clipTextConfig ? { eos_token_id: eosId, max_position_embeddings: maxLength } : {};
    return parseSizes(schema, `${half}TextEncoder`, { vocab_size: size, ...words, ...given }) as TextEncoderConfig;
  };
  const [decoderText, priorText] = [text("decoder"), text("prior")];
  const decoder = parseSizes(
    diffNeXtConfig,
    "decoder",
    join("decoder", model.decoder, {
      c_in: vqgan.latent_channels,
      c_out: vqgan.latent_channels,
      effnet_embd: compressor.c_latent,
      clip_embd: textWidth(decoderText),
    }),
  ) as DiffNeXtConfig;
  const prior = parseSizes(
    stageCSchema(model.prior),
    "prior",
    join("prior", model.prior, {
      c_in: compressor.c_latent,
      ...(stageC?.encoders ? {} : { c_cond: textWidth(priorText) }),
    }),
  ) as StageCConfig;
  const stages = {
    vqgan,
    compressor,
    decoder,
    decoder_text_encoder: decoderText,
    prior,
    prior_text_encoder: priorText,
    ...(encoders === undefined ? {} : { prior_adapters: { width: prior.c_cond, encoders } }),
  };
  if (!hasPreview) return stages;
  const given = join("preview", model.preview ?? {}, { c_in: compressor.c_latent, c_out: data.channels });
  return { ...stages, preview: parseSizes(smallPreviewConfig, "preview", given) as PreviewDecoderConfig };
}

/** Pixels a cell of Stage A's latents, along a side. */
export function pixelsPerLatent({ up_down_scale_factor: factor, levels }: PaellaVqConfig): number {
  return factor * 2 ** (levels - 1);
}

/** Height and width of the embedding of pictures of a size, as the pipeline plans them. */
export function embeddingCells(
  { height, width }: { height: number; width: number },
  { resolutionMultiple }: { resolutionMultiple: number },
): [height: number, width: number] {
  return [Math.ceil(height / resolutionMultiple), Math.ceil(width / resolutionMultiple)];
}

/** The embedding of pictures as training sees them: pixels 0…1 [b, c, h, w] → [b, c_latent, n, m]. */
export function embedForTraining(
  config: CompressorConfig,
  pixels: Value,
  settings: { resolutionMultiple: number },
): Value {
  const cells = embeddingCells({ height: pixels.size(2), width: pixels.size(3) }, settings);
  return embedPixels(config, pixels, { cells });
}

/** Builds every part of a network once, so that all its parameters are declared. */
const declarations: { [Name in NetworkName]: (config: NonNullable<NetworkConfigs[Name]>) => void } = {
  vqgan(config) {
    const side = pixelsPerLatent(config);
    const latents = paellaEncode(config, input("pixels", "float32", [1, config.in_channels, side, side]));
    paellaQuantize(config, latents);
    paellaDecode(config, latents);
  },
  compressor(config) {
    const side = compressorStride(config);
    embedPixels(config, input("pixels", "float32", [1, compressorChannels(config), side, side]), { cells: [1, 1] });
  },
  decoder(config) {
    const side = config.patch_size * 2 ** (config.c_hidden.length - 1);
    wuerstchenDiffNeXt(config, {
      x: input("x", "float32", [1, config.c_in, side, side]),
      r: input("r", "float32", [1]),
      effnet: input("effnet", "float32", [1, config.effnet_embd, 1, 1]),
      clip: input("clip", "float32", [1, 1, config.clip_embd]),
    });
  },
  decoder_text_encoder: declareTextEncoder,
  prior(config) {
    predictNoise(config, {
      x: input("x", "float32", [1, config.c_in, 1, 1]),
      r: input("r", "float32", [1]),
      c: input("c", "float32", [1, 1, config.c_cond]),
    });
  },
  prior_text_encoder: declareTextEncoder,
  prior_adapters({ width, encoders }) {
    encoders.forEach((encoder, i) => adaptStates(i, input(`text_${i}`, "float32", [1, 1, encoder.width]), { width }));
  },
  preview: (config) => void previewDecoder(config, input("latents", "float32", [1, config.c_in, 1, 1])),
};

function declareTextEncoder(config: TextEncoderConfig): void {
  declareText(config, { ids: input("ids", "int64", [1, 1]), mask: input("mask", "int64", [1, 1]) });
}

/**
 * Shape of every parameter of a network, by key.
 *
 * @throws {ConfigError} where its sizes contradict each other
 */
export function networkParameters<Name extends NetworkName>(
  name: Name,
  configs: NetworkConfigs,
): ReadonlyMap<string, readonly number[]> {
  try {
    return traceScopes(() => declarations[name](configs[name]!)).parameters as ReadonlyMap<string, readonly number[]>;
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new ConfigError(`The sizes of ${name} contradict each other: ${error.message}`, { cause: error });
  }
}

function initialValues(name: NetworkName, configs: NetworkConfigs): InitialValues {
  switch (name) {
    case "vqgan":
      return vqganInit;
    case "decoder":
      return decoderInit;
    case "prior":
      return isDit(configs.prior) ? ditInit : priorInit;
    case "compressor":
    case "preview":
    case "prior_adapters":
      return plainInit;
    default: {
      const config = configs[name];
      if (isT5(config)) return t5Init(config);
      return clipTextInit({ width: config.hidden_size, layers: config.num_hidden_layers });
    }
  }
}

/** First values of every parameter of a network. */
export function initialWeights(
  name: NetworkName,
  configs: NetworkConfigs,
  { seed }: { seed: number },
): Map<string, Tensor<"float32">> {
  return initialise(networkParameters(name, configs), { values: initialValues(name, configs), seed });
}
