/**
 * The settings of a training, each with what it means: what `wuerstchen train --schema` and docs/training.md are made from.
 * @module
 */
import { z } from "zod";
import { patchDiscriminatorConfig } from "../networks/patch_discriminator.ts";
import { previewDecoderConfig } from "../networks/preview_decoder.ts";
import { modelDefaultsFile } from "../pipeline/model_folders.ts";
import { checkPrompt } from "../text/prompt.ts";
import { aspectRatios } from "./data/buckets.ts";

/** A phase of a training: Stage A; Stage B with the compressor; Stage C; the preview decoder. */
export type PhaseName = "stageA" | "stageB" | "stageC" | "preview";

/** Names of the phases, in their order. */
export const phaseNames = ["stageA", "stageB", "stageC", "preview"] as const satisfies readonly PhaseName[];

/** Sizes of a preview decoder: as published but narrower, since it is to cost little. */
export const smallPreviewConfig = previewDecoderConfig.extend({
  c_hidden: previewDecoderConfig.shape.c_hidden.unwrap().default(64),
});

const positive = z.number().positive();
const share = z.number().min(0).max(1);
const side = z.int().min(8).max(4096);
const steps = z.int().positive().max(100_000_000);

const holdOut = z.strictObject({
  modulo: z.int().min(2).describe("One of so many is held out, chosen by a hash of its caption."),
  remainder: z.int().nonnegative().default(0).describe("Which of them: 0 to modulo − 1."),
}).refine(({ modulo, remainder }) => remainder < modulo, {
  path: ["remainder"],
  message: "Expected a number below modulo",
});

const pattern = z.string().refine(isPattern, "Expected a regular expression");

function isPattern(text: string): boolean {
  try {
    new RegExp(text, "u");
    return true;
  } catch {
    return false;
  }
}

const data = z.strictObject({
  path: z.string().min(1).describe(
    "A folder of pictures, or `.tar` (WebDataset) or `.parquet` files, several as `train-{000..010}.tar`; relative to the configuration's own folder.",
  ),
  size: z.union([side, z.strictObject({ width: side, height: side })]).describe(
    "Pixels of the pictures: a side, or width and height. It has to be a size that the model can paint; an error names the nearest.",
  ),
  buckets: z.strictObject({
    ratios: z.array(positive).min(1).max(64).default([...aspectRatios]).describe(
      "Width over height of each bucket; a picture goes to the nearest one.",
    ),
  }).optional().describe(
    "Trains on other shapes than that of `size` too, each of about its area: a batch is of one shape. All shapes of Stable Cascade with `{}`. " +
      "A phase with `cropSize` does not use them.",
  ),
  channels: z.int().min(1).max(64).default(3).describe(
    "Channels of the pictures. 1 to 4 are grey or colour, with alpha where even, and pictures are converted; any other number is taken as it is.",
  ),
  crop: z.enum(["center", "random"]).default("center").describe("Which part of a picture is kept."),
  flip: z.boolean().default(false).describe("Mirrors every other picture, left to right."),
  fit: z.enum(["cover", "native"]).default("cover").describe(
    "`cover` resizes a picture until it just covers the size; `native` cuts it out at its own scale where it is large enough.",
  ),
  filter: z.enum(["bicubic", "bilinear", "box", "nearest"]).default("bicubic").describe("How pictures are resized."),
  backgrounds: z.strictObject({
    colours: z.record(z.string(), z.string().regex(/^#[0-9a-f]{6}$/i, "Expected a colour as #rrggbb")).optional()
      .describe("`#rrggbb` by name; a dozen named colours unless told."),
    caption: z.string().optional().describe(
      "What a caption becomes; default `{caption}, on {a} {colour} background`. `{subject}` is the caption up to its first comma, " +
        "`{a subject}` has an article.",
    ),
    otherCaptions: z.strictObject({
      share: share.describe("Of the pictures."),
      templates: z.array(z.string()).min(1).describe("As `caption`, each with the same probability."),
    }).optional().describe("Other ways to say it, so that prompts need not have the form of the captions."),
    heldOut: holdOut.optional().describe("Pairs of caption and colour that are never shown."),
  }).optional().describe(
    "Lays colours under drawings with alpha, and says so in their captions; white and unsaid without it.",
  ),
  only: pattern.optional().describe("Keeps the samples whose caption matches: a regular expression."),
  workers: z.int().nonnegative().max(64).optional().describe(
    "Threads that read pictures; unless told one less than the processor has, 1 to 4. 0 reads between the steps.",
  ),
});

const optimiser = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("adamw"),
    learningRate: positive.describe("At the end of the warm-up."),
    beta1: share.default(0.9).describe("Decay of the mean of the gradients."),
    beta2: share.default(0.999).describe("Decay of the mean of their squares."),
    epsilon: positive.default(1e-8).describe("Added to the root of the mean square."),
    weightDecay: z.number().nonnegative().default(0.01).describe("Of matrices and kernels, times the learning rate."),
  }),
  z.strictObject({
    name: z.literal("sgd"),
    learningRate: positive.describe("At the end of the warm-up."),
    momentum: share.default(0).describe("Share of the last step that is taken again."),
    nesterov: z.boolean().default(false).describe("Looks ahead along the momentum."),
    weightDecay: z.number().nonnegative().default(0).describe("Of matrices and kernels, added to their gradients."),
  }),
  z.strictObject({
    name: z.literal("lion"),
    learningRate: positive.describe("At the end of the warm-up; a third to a tenth of AdamW's."),
    beta1: share.default(0.9).describe("Weight of the momentum in the sign that is taken."),
    beta2: share.default(0.99).describe("Decay of the momentum."),
    weightDecay: z.number().nonnegative().default(0).describe("Of matrices and kernels, times the learning rate."),
  }),
]);

/** What the phases have in common. */
const phase = {
  steps: steps.describe("Steps of the phase."),
  batch: z.int().min(1).max(65536).describe("Pictures of a batch."),
  batches: z.int().min(1).max(4096).default(1).describe(
    "Batches whose gradients are averaged for one step: as a larger batch, without its memory.",
  ),
  optimiser: optimiser.describe("The rule by which weights follow their gradients."),
  schedule: z.strictObject({
    kind: z.enum(["constant", "cosine"]).default("cosine").describe("What comes after the warm-up."),
    warmUp: z.int().nonnegative().default(0).describe("Steps over which the learning rate rises to its full value."),
    floor: share.default(0).describe("What is left of the learning rate at the end of a cosine."),
  }).prefault({}).describe("How the learning rate changes."),
  clip: positive.optional().default(1).describe("Largest norm of all gradients together."),
  average: share.default(0.999).describe(
    "Decay of the moving average of the weights, which is what the model becomes; none is kept where it is 0.",
  ),
  recompute: z.boolean().default(false).describe(
    "Runs the forward pass of blocks again in place of keeping their activations: less memory, a third more time.",
  ),
  holdOut: holdOut.optional().describe("Whole pictures that this phase never sees, by their caption."),
};

/** How noise levels are chosen and weighed. */
const levels = {
  towardsNoise: positive.default(1).describe(
    "t = u^(1/towardsNoise) with u uniform: 1 is uniform, above 1 more noise.",
  ),
  weight: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("p2"),
      k: positive.default(1).describe("What the signal-to-noise ratio is added to."),
      gamma: z.number().nonnegative().default(1).describe("Exponent."),
    }),
    z.strictObject({
      kind: z.literal("minSnr"),
      gamma: positive.default(5).describe("Signal-to-noise ratio above which the weight falls."),
    }),
    z.strictObject({ kind: z.literal("none") }),
  ]).prefault({ kind: "p2" }).describe(
    "What an error counts at each noise level: P2 (1/(k + SNR)^gamma), min-SNR (min(1, gamma/SNR)), or the same everywhere.",
  ),
  captionDropout: share.default(0.05).describe(
    "Share of the captions that are replaced by none, which guidance needs; 1 trains without text.",
  ),
  textEncoder: z.enum(["trained", "frozen"]).default("trained").describe(
    "Whether the text encoder learns too; frozen, it stays as it was.",
  ),
};

const stageA = z.strictObject({
  ...phase,
  cropSize: side.optional().describe(
    "Side of the square crops that this phase sees, at the pictures' own scale, where that is less than the whole picture.",
  ),
  statistics: z.enum(["batch", "stored"]).default("batch").describe(
    "What the norm of the latents divides by: that of the batch, as published, or the stored statistics, for small batches.",
  ),
  quantize: share.default(0.5).describe(
    "Share of the pictures that go through the codebook; the others are decoded from their latents as they are.",
  ),
  loss: z.strictObject({
    squared: z.number().nonnegative().default(1).describe("Weight of the mean squared error of the pixels."),
    absolute: z.number().nonnegative().default(0).describe("Weight of their mean absolute error: sharper edges."),
    codebook: z.number().nonnegative().default(1).describe(
      "Pulls the codebook's rows to the latents that they stand for.",
    ),
    commitment: z.number().nonnegative().default(0.25).describe("Pulls the latents to their row."),
  }).prefault({}).describe("The parts of the loss."),
  discriminator: patchDiscriminatorConfig.omit({ in_channels: true }).extend({
    channels: patchDiscriminatorConfig.shape.channels.describe("Channels of its first layer; the next ones have more."),
    layers: z.int().min(1).max(8).default(3).describe(
      "Layers that halve the picture: a judgement sees 16, 34, 70 or 142 pixels a side for 1 to 4.",
    ),
    start: z.int().nonnegative().default(0).describe("Step at which it joins."),
    weight: positive.default(0.01).describe("Weight of its judgement in Stage A's loss."),
    learningRate: positive.optional().describe("Its own; that of the phase unless told."),
  }).strict().optional().describe(
    "A network that learns to tell real patches from decoded ones, for sharper textures.",
  ),
});

const stageB = z.strictObject({
  ...phase,
  ...levels,
  embeddingDropout: share.default(0.05).describe("Share of the pictures that have to do without their embedding."),
  embeddingNoise: share.default(0.3).describe("Share of the others whose embedding is noised, up to t = 1/2."),
});

const lora = z.strictObject({
  rank: z.int().positive().max(4096).describe("Rank of the change of each weight."),
  alpha: positive.optional().describe("The change counts alpha / rank; as much as the rank unless told."),
  targets: pattern.optional().describe(
    "Regular expression over parameter keys; the linear layers of the attention unless told.",
  ),
});

const stageC = z.strictObject({
  ...phase,
  ...levels,
  encoders: z.array(z.string().min(1)).min(1).max(8).optional().describe(
    "Folders of text encoders (`config.json`, weights and `tokenizer/` in each), CLIP's or T5's, whose states stand one after the other in " +
      "place of those of a text encoder of the model's own. They stay as they are; a linear adapter of each to `model.prior.c_cond` learns along.",
  ),
  lora: lora.optional().describe(
    "Trains a LoRA in place of the weights: `lora.safetensors` of the run. It needs `start`.",
  ),
});

const preview = z.strictObject(phase);

const network = (what: string) =>
  z.looseObject({}).default({}).describe(`Sizes of ${what}, under the names of its \`config.json\`.`);

const textEncoder = (stage: string) =>
  z.looseObject({ model_type: z.string().optional() }).default({}).describe(
    `Sizes of Stage ${stage}'s text encoder, under the names of its \`config.json\`: CLIP's, or with \`model_type\` \`t5\` T5's.`,
  );

const model = z.strictObject({
  vqgan: network("Stage A's network (`PaellaVQModel`)"),
  compressor: z.looseObject({ _class_name: z.string().optional() }).default({}).describe(
    "Sizes of the semantic compressor: a small one, or with `_class_name` `EfficientNetEncoder` the published one.",
  ),
  decoder: network("Stage B's network (`WuerstchenDiffNeXt`)"),
  decoderTextEncoder: textEncoder("B"),
  prior: z.looseObject({ _class_name: z.string().optional() }).default({}).describe(
    "Sizes of Stage C's network (`WuerstchenPrior`), or with `_class_name` `WuerstchenDiTPrior` of the transformer.",
  ),
  priorTextEncoder: textEncoder("C"),
  // Without a default: runs that were started before there was such a network go on.
  preview: z.looseObject({}).optional().describe(
    "Sizes of the preview decoder (`Previewer`), under the names of its `config.json`.",
  ),
  tokenizer: z.strictObject({
    maxLength: z.int().min(4).max(4096).default(77).describe("Tokens that a caption is padded or cut to."),
    size: z.int().min(514).max(49_408).default(4096).describe("Most tokens of the vocabulary that is learnt."),
  }).prefault({}).describe(
    "The vocabulary, which is learnt from the captions unless the training starts from a model: byte pairs for CLIP, a unigram model for T5.",
  ),
  latentMean: positive.optional().describe(
    "Stage C's target is (embedding + latentStd) / latentMean; that of the model that training starts from, else 1.",
  ),
  latentStd: z.number().optional().describe("See latentMean; that of the model that training starts from, else 0."),
  resolutionMultiple: positive.optional().describe(
    "Pixels a cell of Stage C; that of the model that training starts from, else 42.67 as published.",
  ),
  latentDimScale: positive.optional().describe(
    "Cells of Stage B a cell of Stage C; that of the model that training starts from, else 10.67 as published.",
  ),
  defaults: modelDefaultsFile.default({}).describe(
    "Becomes `wuerstchen.json` of the model: steps, guidance, negative prompt, and the sizes that it accepts.",
  ),
});

/** A caption that can be painted. */
const prompt = z.string().superRefine((text, context) => {
  try {
    checkPrompt(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

/**
 * A training's configuration.
 *
 * @internal
 */
export const trainingConfig = z.strictObject({
  $schema: z.string().optional().describe("For editors: where the JSON Schema of this file is."),
  seed: z.int().min(0).max(2 ** 32 - 1).default(0).describe("Of first values, order, crops, noise and samples."),
  start: z.union([
    z.string(),
    z.strictObject({
      prior: z.string().optional().describe("Folder of the prior's repository, or its name on the hub."),
      decoder: z.string().optional().describe("Folder of the decoder's repository, or its name on the hub."),
      compressor: z.string().optional().describe("Folder of the compressor, or a model on the hub that has one."),
      new: z.array(z.enum(["vqgan", "compressor", "decoder", "decoderTextEncoder", "prior", "priorTextEncoder"]))
        .optional()
        .describe(
          "Networks that are new all the same, under their names in `model`: for a prior of another kind, say.",
        ),
    }),
  ]).optional().describe(
    "A model whose weights and sizes training starts from: a folder that holds `prior/`, `decoder/` and `compressor/`, a repository on the " +
      "hub (`org/name`, `org/name@revision`), or one of both for each of them. Networks that it does not have are new, and so are all where " +
      "this is left out.",
  ),
  data: data.describe("The pictures and their captions."),
  model: model.prefault({}).describe("The model: sizes of its networks, and how their latents fit together."),
  stageA: stageA.optional().describe(
    "Phase 1: the VQGAN between pixels and latents. A phase that is left out is not trained.",
  ),
  stageB: stageB.optional().describe(
    "Phase 2: the semantic compressor, and the diffusion of latents given its embedding.",
  ),
  stageC: stageC.optional().describe("Phase 3: the diffusion of embeddings given text."),
  preview: preview.optional().describe(
    "A cheap last phase: a small network from embeddings straight to small pictures, which `--preview` then shows while Stage C works.",
  ),
  samples: z.strictObject({
    every: steps.default(1000).describe("Steps between two sample grids; there is one at the end of each phase too."),
    prompts: z.array(prompt).max(64).default([]).describe(
      "What is painted, with the seeds 0, 1 …; the first eight different captions unless told.",
    ),
    pictures: z.int().min(1).max(64).default(8).describe("Pictures of the data set that Stage A and B reconstruct."),
  }).prefault({}).describe("What a run shows of itself."),
  checkpoints: z.strictObject({
    every: steps.default(1000).describe("Steps between two checkpoints; there is one with each sample grid too."),
    keep: z.int().min(2).max(1000).default(2).describe("How many of the latest stay."),
  }).prefault({}).describe("Complete models from which the run goes on, bit for bit."),
  logEvery: steps.default(50).describe("Steps between two lines of the log."),
  threads: z.int().min(1).max(256).optional().describe("Threads of the runtime; one a core unless told."),
  dtype: z.enum(["float32", "float16"]).default("float32").describe(
    "How the weights of the finished model are stored.",
  ),
}).superRefine((config, context) => {
  for (const name of phaseNames) {
    const { schedule, steps = 0 } = config[name] ?? {};
    if (schedule?.kind !== "cosine" || schedule.warmUp < steps) continue;
    const message = `Expected fewer than the ${steps} steps of the phase but found ${schedule.warmUp}`;
    context.addIssue({ code: "custom", path: [name, "schedule", "warmUp"], message });
  }
}).refine((config) => !config.stageC?.lora || config.start !== undefined, {
  path: ["start"],
  message: "Expected a model to start from: a LoRA changes one that has learnt already",
}).refine((config) => phaseNames.some((name) => config[name]), {
  message: "Expected at least one of stageA, stageB, stageC and preview",
});

// These are z.input and z.output, under names that the library's documentation can show.

/** A training's configuration as it is written: what has a default may be left out. docs/training.md explains every setting. */
export type TrainingSettings = (typeof trainingConfig)["_zod"]["input"];

/** A training's configuration with every default in place. */
export type TrainingConfig = (typeof trainingConfig)["_zod"]["output"];

/** Settings of an optimiser and those that all phases have. */
export type PhaseConfig = NonNullable<TrainingConfig[PhaseName]>;
