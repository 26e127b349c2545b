/**
 * Tells a network and its sizes from a file of weights alone, and checks that nothing is missing or left over.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { type CompressorConfig, compressorConfig } from "../networks/compressor.ts";
import { parseConfig } from "../networks/config.ts";
import { type DiffNeXtConfig, diffNeXtConfig } from "../networks/diffnext.ts";
import { inferDiffNeXtConfig, inferPaellaVqConfig, inferStageCConfig } from "../networks/infer_config.ts";
import { type PaellaVqConfig, paellaVqConfig } from "../networks/paella_vq.ts";
import type { PriorConfig } from "../networks/prior.ts";
import { isDit, type StageCConfig, stageCSchema } from "../networks/stage_c.ts";
import { declareText, type TextEncoderConfig, textEncoderSchema } from "../networks/text_encoder.ts";
import { input, traceScopes } from "../onnx/mod.ts";
import { AutoencoderStage } from "../stages/autoencoder.ts";
import { CompressorStage } from "../stages/compressor.ts";
import { DecoderStage } from "../stages/decoder.ts";
import { PriorStage } from "../stages/prior.ts";
import { textWeights } from "../stages/text_encoder.ts";
import { checkParameters } from "../weights/bind.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { quoteSome } from "../weights/quote.ts";
import { type NetworkKind, recognise } from "../weights/recognise.ts";
import { isObject, type JsonObject, parseStrictJson } from "../weights/strict_json.ts";

/** Sizes of each kind of network. */
export interface ConfigOf {
  prior: StageCConfig;
  decoder: DiffNeXtConfig;
  vqgan: PaellaVqConfig;
  text_encoder: TextEncoderConfig;
  compressor: CompressorConfig;
}

/**
 * The kind of network that a checkpoint belongs to.
 *
 * @throws {CheckpointError} where it is another family's, naming that, or nobody's, naming some of its tensors
 */
export function kindOf({ tensors }: Checkpoint, { file }: { file: string }): NetworkKind {
  const found = recognise(tensors);
  if (found?.kind) return found.kind;
  if (found) throw new CheckpointError(`${file}: these are the weights of ${found.name}, which is not supported`);
  throw new CheckpointError(
    `${file}: its tensors are those of no network that is known: ${quoteSome([...tensors.keys()])}`,
  );
}

/** Sizes that a file says itself, as `convert` writes them into its header. */
function ownConfig({ metadata }: Checkpoint, file: string): JsonObject | undefined {
  const text = metadata["config"];
  if (text === undefined) return undefined;
  try {
    const value = parseStrictJson(text);
    if (isObject(value)) return value;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new CheckpointError(`${file}: metadata "config": expected a JSON object`);
}

/**
 * Sizes of the one Stage C of Würstchen v1 that was published (dome272/Wuerstchen, `würstchen-stage-C.ipynb`): its class, and so its
 * tensors' names, are those of v2, which differs by the text alone that it was trained with, and by what its latents mean.
 */
const versionOne = { c: 1536, c_in: 16, c_cond: 1024, c_r: 64, depth: 32 } satisfies Partial<PriorConfig>;

/**
 * Refuses Würstchen v1's Stage C, which would paint noise with v2's other stages.
 *
 * A width of text alone makes no v1: it exists in the original names and just these sizes only. A v2 that is like it in all of that says
 * so by its header, its `config.json` or the model that it is given to.
 */
function refuseVersionOne(
  config: StageCConfig,
  { file, like, isOriginal }: { file: string; like: StageCConfig | undefined; isOriginal: boolean },
): void {
  if (!isOriginal || isDit(config) || like && !isDit(like) && like.c_cond === config.c_cond) return;
  if (Object.entries(versionOne).some(([key, size]) => config[key as keyof typeof versionOne] !== size)) return;
  throw new CheckpointError(
    `${file}: these are the weights of Würstchen v1's Stage C, which is not supported; if they are your own, give the config.json, or the ` +
      "model, that they belong to",
  );
}

/** Options of {@linkcode inferConfig}. */
export interface InferNetworkOptions<Kind extends NetworkKind> {
  /** The file, for messages. */
  readonly file: string;
  /** Sizes of a network that is probably like it, which settle what shapes leave open. */
  readonly like?: ConfigOf[Kind] | undefined;
}

/**
 * Sizes of a network: those in the file's header, else what the shapes of its tensors say.
 *
 * @throws {CheckpointError} where they cannot be told, or are those of a family that is not supported
 */
export function inferConfig<Kind extends NetworkKind>(
  kind: Kind,
  checkpoint: Checkpoint,
  { file, like }: InferNetworkOptions<Kind>,
): ConfigOf[Kind] {
  const own = ownConfig(checkpoint, file);
  const shapes = new Map([...checkpoint.tensors].map(([key, { shape }]) => [key, shape]));
  const infer: { [K in NetworkKind]: () => ConfigOf[K] } = {
    prior: () => {
      const given = own ? parseConfig(stageCSchema(own), own, { file }) : like as StageCConfig | undefined;
      const config = inferStageCConfig(shapes, { file, like: given });
      refuseVersionOne(config, { file, like: given, isOriginal: checkpoint.isOriginal });
      return config;
    },
    decoder: () => {
      const given = own ? parseConfig(diffNeXtConfig, own, { file }) : like as DiffNeXtConfig | undefined;
      return inferDiffNeXtConfig(shapes, { file, like: given });
    },
    vqgan: () => {
      const given = own ? parseConfig(paellaVqConfig, own, { file }) : like as PaellaVqConfig | undefined;
      return inferPaellaVqConfig(shapes, { file, like: given });
    },
    text_encoder: () => {
      if (own) return parseConfig(textEncoderSchema(own), own, { file });
      if (like) return like as TextEncoderConfig;
      throw new CheckpointError(`${file}: a text encoder's sizes are not in its weights; give its config.json`);
    },
    compressor: () => {
      if (own) return parseConfig(compressorConfig, own, { file });
      if (like) return like as CompressorConfig;
      return compressorConfig.parse({ _class_name: "EfficientNetEncoder" });
    },
  };
  return infer[kind]();
}

/**
 * Compares a checkpoint with what its network declares; see {@linkcode checkParameters}.
 *
 * @throws {CheckpointError} naming tensors that are missing, left over or of another shape
 */
export function checkNetwork<Kind extends NetworkKind>(
  kind: Kind,
  checkpoint: Checkpoint,
  config: ConfigOf[Kind],
): void {
  const checks: { [K in NetworkKind]: (config: ConfigOf[K]) => void } = {
    prior: (config) => void new PriorStage(config, checkpoint),
    decoder: (config) => void new DecoderStage(config, checkpoint),
    vqgan: (config) => void new AutoencoderStage(config, checkpoint),
    compressor: (config) => void new CompressorStage(config, checkpoint),
    text_encoder: (config) => {
      const ids = input("ids", "int64", ["batch", 1]);
      const mask = input("mask", "int64", ["batch", 1]);
      const { parameters } = traceScopes(() => declareText(config, { ids, mask }));
      checkParameters(parameters, textWeights(config, checkpoint).tensors, { folder: checkpoint.folder });
    },
  };
  checks[kind](config);
}

const schemas = {
  decoder: diffNeXtConfig,
  vqgan: paellaVqConfig,
  compressor: compressorConfig,
} as const;

/**
 * Sizes out of the `config.json` of a network; text encoders and Stage C say themselves which of two they are.
 *
 * @throws {CheckpointError} naming what is wrong
 */
export function parseNetworkConfig<Kind extends NetworkKind>(
  kind: Kind,
  json: unknown,
  { file }: { file: string },
): ConfigOf[Kind] {
  const schema = kind === "text_encoder"
    ? textEncoderSchema(json)
    : kind === "prior"
    ? stageCSchema(json)
    : schemas[kind as Exclude<Kind, "text_encoder" | "prior">];
  return parseConfig(schema, json, { file }) as ConfigOf[Kind];
}
