/**
 * A training as a configuration: data, sizes of the networks, and how each phase learns.
 * @module
 */
import { z } from "zod";
import { parse, type ParseError, printParseErrorCode } from "jsonc-parser";
import { dirname, resolve } from "node:path";
import { ConfigError } from "../errors.ts";
import { patchDiscriminatorConfig } from "../networks/patch_discriminator.ts";
import { semanticCompressorConfig } from "../networks/semantic_compressor.ts";
import { smallCompressorConfig } from "../networks/small_compressor.ts";

const positive = z.number().positive();
const share = z.number().min(0).max(1);
const side = z.int().min(8).max(4096);
const steps = z.int().positive().max(100_000_000);

const holdOut = z.strictObject({ modulo: z.int().min(2), remainder: z.int().nonnegative().default(0) });

const data = z.strictObject({
  /** A folder, `.tar` or `.parquet` files; relative to the configuration's own folder. */
  path: z.string().min(1),
  /** Pixels of the pictures: a side, or both. */
  size: z.union([side, z.strictObject({ width: side, height: side })]),
  channels: z.int().min(1).max(64).default(3),
  crop: z.enum(["center", "random"]).default("center"),
  flip: z.boolean().default(false),
  fit: z.enum(["cover", "native"]).default("cover"),
  filter: z.enum(["bicubic", "bilinear", "box", "nearest"]).default("bicubic"),
  /** Laid under drawings with alpha, and said in their captions. */
  backgrounds: z.strictObject({
    colours: z.record(z.string(), z.string().regex(/^#[0-9a-f]{6}$/i, "Expected a colour as #rrggbb")).optional(),
    caption: z.string().optional(),
    heldOut: holdOut.optional(),
  }).optional(),
  /** Keeps the samples whose caption matches: a regular expression. */
  only: z.string().optional(),
  /** Threads that read pictures; one less than the processor has where left out. */
  workers: z.int().nonnegative().max(64).optional(),
});

const optimiser = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("adamw"),
    learningRate: positive,
    beta1: share.default(0.9),
    beta2: share.default(0.999),
    epsilon: positive.default(1e-8),
    weightDecay: z.number().nonnegative().default(0.01),
  }),
  z.strictObject({
    name: z.literal("sgd"),
    learningRate: positive,
    momentum: share.default(0),
    nesterov: z.boolean().default(false),
    weightDecay: z.number().nonnegative().default(0),
  }),
  z.strictObject({
    name: z.literal("lion"),
    learningRate: positive,
    beta1: share.default(0.9),
    beta2: share.default(0.99),
    weightDecay: z.number().nonnegative().default(0),
  }),
]);

/** What the phases have in common. */
const phase = {
  steps,
  /** Pictures of a batch. */
  batch: z.int().min(1).max(65536),
  /** Batches whose gradients are averaged for one step. */
  batches: z.int().min(1).max(4096).default(1),
  optimiser,
  schedule: z.strictObject({
    kind: z.enum(["constant", "cosine"]).default("cosine"),
    warmUp: z.int().nonnegative().default(0),
    floor: share.default(0),
  }).prefault({}),
  /** Largest global norm of the gradients. */
  clip: positive.optional().default(1),
  /** Decay of the moving average of the weights, which is what the model becomes; none where it is 0. */
  average: share.default(0.999),
  /** Runs the forward pass of blocks again in place of keeping their activations: less memory, a third more time. */
  recompute: z.boolean().default(false),
  /** Whole drawings that this phase never sees, by their caption. */
  holdOut: holdOut.optional(),
};

/** How noise levels are chosen and weighed. */
const levels = {
  /** t = u^(1/towardsNoise) with u uniform: 1 is uniform, above 1 more noise. */
  towardsNoise: positive.default(1),
  /** P2 (1/(k + SNR)^gamma), min-SNR, or none. */
  weight: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("p2"), k: positive.default(1), gamma: z.number().nonnegative().default(1) }),
    z.strictObject({ kind: z.literal("minSnr"), gamma: positive.default(5) }),
    z.strictObject({ kind: z.literal("none") }),
  ]).prefault({ kind: "p2" }),
  /** Share of the captions that are replaced by none. */
  captionDropout: share.default(0.05),
  /** Whether the text encoder learns too; frozen, it stays as it was. */
  textEncoder: z.enum(["trained", "frozen"]).default("trained"),
};

const stageA = z.strictObject({
  ...phase,
  /** Side of the square crops that this phase sees, where that is less than the whole picture. */
  cropSize: side.optional(),
  /** What the norm of the latents divides by: that of the batch, as published, or the stored statistics, for small batches. */
  statistics: z.enum(["batch", "stored"]).default("batch"),
  /** Share of the pictures that go through the codebook; the others are decoded from their latents as they are. */
  quantize: share.default(0.5),
  loss: z.strictObject({
    squared: z.number().nonnegative().default(1),
    absolute: z.number().nonnegative().default(0),
    codebook: z.number().nonnegative().default(1),
    commitment: z.number().nonnegative().default(0.25),
  }).prefault({}),
  discriminator: patchDiscriminatorConfig.omit({ in_channels: true }).extend({
    /** Step at which it joins. */
    start: z.int().nonnegative().default(0),
    /** Weight of its loss. */
    weight: positive.default(0.01),
    learningRate: positive.optional(),
  }).strict().optional(),
});

const stageB = z.strictObject({
  ...phase,
  ...levels,
  /** Share of the pictures that have to do without their embedding. */
  embeddingDropout: share.default(0.05),
  /** Share of the others whose embedding is noised, up to t = 1/2. */
  embeddingNoise: share.default(0.3),
});

const lora = z.strictObject({
  rank: z.int().positive().max(4096),
  alpha: positive.optional(),
  /** Regular expression over parameter keys; linear layers of the attention where left out. */
  targets: z.string().optional(),
});

const stageC = z.strictObject({ ...phase, ...levels, lora: lora.optional() });

const model = z.strictObject({
  vqgan: z.looseObject({}).default({}),
  compressor: z.looseObject({ _class_name: z.string().optional() }).default({}),
  decoder: z.looseObject({}).default({}),
  decoderTextEncoder: z.looseObject({}).default({}),
  prior: z.looseObject({}).default({}),
  priorTextEncoder: z.looseObject({}).default({}),
  /** Tokens that a caption is padded or cut to, and how many different ones there are at most. */
  tokenizer: z.strictObject({
    maxLength: z.int().min(4).max(4096).default(77),
    size: z.int().min(514).max(49_408).default(4096),
  }).prefault({}),
  /** Stage C's target is (embedding + latentStd) / latentMean; of the model that training starts from, else 1 and 0. */
  latentMean: positive.optional(),
  latentStd: z.number().optional(),
  /** Pixels a cell of Stage C, and cells of Stage B a cell of Stage C; 42.67 and 10.67 as published. */
  resolutionMultiple: positive.optional(),
  latentDimScale: positive.optional(),
  /** Becomes `wuerstchen.json` of both repositories: steps, guidance. */
  defaults: z.record(z.string(), z.unknown()).default({}),
});

/** A training's configuration. */
export const trainingConfig = z.strictObject({
  $schema: z.string().optional(),
  /** Of first values, order, crops, noise and samples. */
  seed: z.int().min(0).max(2 ** 32 - 1).default(0),
  /**
   * A model whose weights and sizes training starts from: a folder that holds `prior/`, `decoder/` and `compressor/`, or a folder for
   * each of them. Networks that it does not have are new, and so are all where this is left out.
   */
  start: z.union([
    z.string(),
    z.strictObject({ prior: z.string().optional(), decoder: z.string().optional(), compressor: z.string().optional() }),
  ]).optional(),
  data,
  model: model.prefault({}),
  stageA: stageA.optional(),
  stageB: stageB.optional(),
  stageC: stageC.optional(),
  samples: z.strictObject({
    /** Steps between two sample grids. */
    every: steps.default(1000),
    prompts: z.array(z.string()).max(64).default([]),
    /** Pictures of the data set that Stage A and B reconstruct. */
    pictures: z.int().min(1).max(64).default(8),
  }).prefault({}),
  checkpoints: z.strictObject({
    every: steps.default(1000),
    /** How many of the latest stay. */
    keep: z.int().min(2).max(1000).default(2),
  }).prefault({}),
  /** Steps between two lines of the log. */
  logEvery: steps.default(50),
  /** Threads of the runtime. */
  threads: z.int().min(1).max(256).optional(),
  /** Weights of the finished model. */
  dtype: z.enum(["float32", "float16"]).default("float32"),
}).refine((config) => !config.stageC?.lora || config.start !== undefined, {
  path: ["start"],
  message: "Expected a model to start from: a LoRA changes one that has learnt already",
}).refine((config) => config.stageA ?? config.stageB ?? config.stageC, {
  message: "Expected at least one of stageA, stageB and stageC",
});

/** A training's configuration with every default in place. */
export type TrainingConfig = z.output<typeof trainingConfig>;

/** Names of the phases, in their order. */
export const phaseNames = ["stageA", "stageB", "stageC"] as const;
export type PhaseName = typeof phaseNames[number];

/** Settings of an optimiser and those that all phases have. */
export type PhaseConfig = NonNullable<TrainingConfig[PhaseName]>;

/**
 * Reads a configuration: JSON with comments.
 *
 * @param options.set changes such as `stageA.steps=10`; a value is JSON, or else text
 * @throws {ConfigError} where it cannot be read or a value is not what it should be, naming file, line or key
 */
export async function readTrainingConfig(
  path: string,
  { set = [] }: { set?: readonly string[] } = {},
): Promise<TrainingConfig> {
  const text = await Deno.readTextFile(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.IsADirectory)) throw cause;
    throw new ConfigError(`${path}: there is no such file; give a training's configuration`, { cause });
  });
  const config = parseTrainingConfig(text, { file: path, set });
  const base = dirname(path);
  return {
    ...config,
    ...(config.start === undefined ? {} : { start: resolvedStart(config.start, base) }),
    data: { ...config.data, path: resolve(base, config.data.path) },
  };
}

function resolvedStart(
  start: NonNullable<TrainingConfig["start"]>,
  base: string,
): NonNullable<TrainingConfig["start"]> {
  if (typeof start === "string") return resolve(base, start);
  return Object.fromEntries(Object.entries(start).map(([name, folder]) => [name, resolve(base, folder!)]));
}

/** As {@linkcode readTrainingConfig}, of text; paths stay as they are. */
export function parseTrainingConfig(
  text: string,
  { file, set = [] }: { file: string; set?: readonly string[] },
): TrainingConfig {
  const errors: ParseError[] = [];
  const json: unknown = parse(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) {
    const line = text.slice(0, error.offset).split("\n").length;
    throw new ConfigError(`${file} line ${line}: ${printParseErrorCode(error.error)}`);
  }
  for (const change of set) applyChange(json, change);
  const result = trainingConfig.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const key = issue.path.join(".");
  throw new ConfigError(`${file}: ${key ? `"${key}": ` : ""}${issue.message}`);
}

/** Sets `a.b=value` in an object. */
function applyChange(json: unknown, change: string): void {
  const [, path, text] = /^([\w.]+)=(.*)$/s.exec(change) ?? [];
  if (path === undefined || text === undefined) {
    throw new ConfigError(`Expected --set as key=value, such as stageA.steps=100, but found "${change}"`);
  }
  const keys = path.split(".");
  const last = keys.pop()!;
  let at = json as Record<string, unknown>;
  for (const key of keys) {
    const next = at[key] ?? {};
    if (typeof next !== "object") throw new ConfigError(`--set ${change}: "${key}" has no keys of its own`);
    at = at[key] = next as Record<string, unknown>;
  }
  at[last] = valueOf(text);
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The configuration schema of a compressor, by its class. */
export function compressorSchema(name: string | undefined) {
  return name === "EfficientNetEncoder" ? semanticCompressorConfig : smallCompressorConfig;
}
