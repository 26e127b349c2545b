/**
 * What an experiment can say, as a zod schema: one for a single picture and for a study.
 * @module
 */
import { z } from "zod";
import { maxGuidance, maxLoraScale, maxSteps, maxThreads } from "../pipeline/limits.ts";
import { networkNames } from "../pipeline/precisions.ts";
import { pluginChoiceSchema, samplingSchema, stagedKey } from "../pipeline/sampling.ts";
import { precisions } from "../weights/precision.ts";

/** The form of experiments that this program writes and reads. */
export const schemaVersion = 1;

/** A number of pictures or cells beyond which an experiment is refused. */
export const maxCells = 10_000;

const seed = z.int().min(0);
const plugin = z.union([z.string().min(1).max(4096), pluginChoiceSchema]);
const guidance = z.number().min(0).max(maxGuidance);
const times = z.array(z.number().min(0).max(1)).min(2).max(maxSteps + 1);
const steps = z.int().min(1).max(maxSteps);

/** How a stage is sampled, under the names of its options. */
function staged(stage: "prior" | "decoder") {
  const name = stage === "prior" ? "Stage C" : "Stage B";
  const { scheduler: _, ...sampling } = samplingSchema.shape;
  const words: Readonly<Record<keyof typeof sampling, string>> = {
    spacing: `How the steps of ${name} are spread.`,
    shift: `Moves the times of ${name} towards noise by a log-SNR of 2·ln(shift).`,
    guidanceSchedule: `Where on the way of ${name} guidance acts, and how much.`,
    guidanceRescale: "How far guided predictions keep their deviation, 0 to 1.",
    startStep: `First step of ${name} to take, from 0.`,
    stopStep: `Step of ${name} to end before.`,
    noiseSeed: `Seed of the noise that steps of ${name} add.`,
  };
  const all = Object.entries(sampling).map(([key, schema]) => [
    stagedKey(stage, key),
    schema.describe(words[key as keyof typeof words]),
  ]);
  return {
    [`${stage}Steps`]: steps.optional().describe(`Steps of ${name}; the model's own where left out.`),
    [`${stage}Guidance`]: guidance.optional().describe(`Guidance scale of ${name}; above 1 it doubles the work.`),
    [`${stage}Timesteps`]: times.optional().describe(`Times of ${name} from 1 down to 0, in place of steps.`),
    [`${stage}Scheduler`]: plugin.optional().describe(
      `How noise becomes data in ${name}: a scheduler's name, or name and options.`,
    ),
    ...Object.fromEntries(all),
  } as Record<string, z.ZodType>;
}

/** What one picture is painted with: everything here can be swept. */
const cellShape = {
  model: z.string().min(1).max(4096).default("emoji").describe(
    "A bundled name, a folder, or a repository on the hub; a folder that begins with ./ or ../ lies beside this file.",
  ),
  prior: z.string().min(1).max(4096).optional().describe("Another prior: a folder, or a file of its weights."),
  decoder: z.string().min(1).max(4096).optional().describe("Another decoder: a folder, or a file of its weights."),
  variant: z.string().min(1).max(64).optional().describe("Variant of the weights, such as fp16."),
  loras: z.array(z.strictObject({
    file: z.string().min(1).max(4096),
    scale: z.number().min(-maxLoraScale).max(maxLoraScale).default(1),
  })).optional().describe("LoRAs that are added to the weights, in this order."),
  precision: z.union([z.enum(["auto", ...precisions]), z.partialRecord(z.enum(networkNames), z.enum(precisions))])
    .optional().describe("In how many bits weights are kept, for all networks or by their names."),
  device: z.union([z.string().min(1).max(64), z.record(z.string(), z.string())]).optional().describe(
    "What networks run on, all of them or by their names; cpu where left out.",
  ),
  runtime: plugin.optional().describe("What runs the networks; onnxruntime where left out."),
  threads: z.int().min(1).max(maxThreads).optional().describe("Threads of the runtime; one a core where left out."),
  prompt: z.string().describe("What to paint."),
  negativePrompt: z.string().optional().describe("What not to paint; has an effect only with guidance above 1."),
  width: z.int().min(1).optional().describe("Pixels; the model's own where left out."),
  height: z.int().min(1).optional().describe("Pixels; the model's own where left out."),
  ...staged("prior"),
  priorPlugin: plugin.optional().describe("A prior that makes the embedding in place of Stage C, or around it."),
  ...staged("decoder"),
  decoderSeed: seed.optional().describe("Gives Stage B a generator of its own."),
  post: z.array(plugin).max(64).optional().describe("Post-processors of finished pictures, one after the other."),
  rng: z.enum(["torch", "stream"]).optional().describe("How noise is drawn."),
};

/** What one picture is painted with. */
export const cellSchema = z.strictObject(cellShape);

/** Settings of one picture, as they are written. */
export interface CellSettings extends Readonly<Record<string, unknown>> {
  readonly model: string;
  readonly prompt: string;
  readonly prior?: string;
  readonly decoder?: string;
  readonly variant?: string;
  readonly loras?: readonly { readonly file: string; readonly scale: number }[];
  readonly threads?: number;
}

const range = z.strictObject({
  from: z.number(),
  to: z.number(),
  step: z.number().positive().optional().describe("Distance of two values; one of step and count."),
  count: z.int().min(2).optional().describe("How many values, both ends included."),
  scale: z.enum(["linear", "log"]).default("linear").describe("log: equal factors, with count."),
}).refine(({ step, count }) => (step === undefined) !== (count === undefined), "Expected one of step and count")
  .refine(({ scale, count }) => scale === "linear" || count !== undefined, "Expected count with scale log")
  .refine(({ scale, from, to }) => scale === "linear" || from > 0 && to > 0, "Expected ends above 0 with scale log");

/** Evenly spread numbers. */
export type Range = z.output<typeof range>;

const values = z.union([z.array(z.unknown()).min(1), range]);

/** The values of some settings: a list, or a range. */
export type SweptValues = z.output<typeof values>;

const byKey = z.record(z.string(), values);

const sweep = z.strictObject({
  list: z.array(z.record(z.string(), z.unknown())).min(1).optional().describe(
    'Settings laid over the others, one after the other: [{ "priorSteps": 4, "priorGuidance": 2 }, …].',
  ),
  zip: byKey.optional().describe("Lists of equal length that are gone through side by side."),
  grid: byKey.optional().describe(
    "Every value of each key with every value of the others; the last key changes fastest.",
  ),
});

/** Which settings change from cell to cell. */
export type Sweep = z.output<typeof sweep>;

const experimentShape = {
  $schema: z.string().optional().describe("For editors: wuerstchen config schema > experiment.schema.json."),
  schemaVersion: z.literal(schemaVersion).default(schemaVersion).describe("Form of this file."),
  extends: z.union([z.string(), z.array(z.string())]).optional().describe(
    "Files whose settings hold where this one says nothing; objects are joined, null takes a setting back.",
  ),
  name: z.string().min(1).max(200).optional().describe("Heading of the report; the file's name where left out."),
  description: z.string().max(4000).optional().describe("What is asked; stands in the report."),
  plugins: z.array(z.string().min(1)).default([]).describe(
    "Outside plugins; each is loaded only where --allow-plugin or your own settings name it too.",
  ),
  ...cellShape,
  seed: seed.optional().describe("Start of the generator. Default 0."),
  seeds: z.union([z.array(seed).min(1), z.string().min(1)]).optional().describe(
    'One picture of each cell for every seed: [1, 2, 3], or "1,2,5-8".',
  ),
  repeats: z.int().min(1).max(1000).default(1).describe(
    "How often every picture is painted, to measure times; the pictures are equal.",
  ),
  sweep: sweep.optional().describe("Settings that change; blocks multiply. Keys inside objects are joined by dots."),
  average: z.array(z.string()).default(["prompt"]).describe(
    "Swept keys over which charts and metrics average, as over seeds, in place of setting their values side by side.",
  ),
  metrics: z.array(plugin).default([]).describe("Metrics by name, see wuerstchen plugins list metric."),
  reference: z.record(z.string(), z.unknown()).optional().describe(
    "Settings laid over each cell's to paint what metrics compare it with, such as many steps.",
  ),
  report: z.strictObject({
    x: z.string().optional().describe(
      "Swept key that goes across grids and charts; the last of the grid where left out.",
    ),
    y: z.string().optional().describe("Swept key that goes down grids and makes the curves of charts."),
  }).default({}).describe("How the report is laid out."),
};

/** An experiment. The prompt may come from the sweep. */
export const experimentSchema = z.strictObject({ ...experimentShape, prompt: cellShape.prompt.optional() });

/** An experiment, defaults filled in. */
export type ExperimentConfig = z.output<typeof experimentSchema>;

/** The settings that belong to a picture, and not to the study. */
export const cellKeys: readonly string[] = Object.keys(cellShape);

/** The settings that environment variables may set: those with one value. */
export const variableKeys: readonly string[] = [...cellKeys, "seed", "seeds", "repeats"];
