/**
 * What an experiment can say, as a zod schema: one for a single picture and for a study.
 * @module
 */
import { z } from "zod";
import { evaluationConfig } from "../evaluation/config.ts";
import type { PluginChoice } from "../plugins/registry.ts";
import { cellShape, pluginSchema, seedSchema } from "./cell_schema.ts";

/** The form of experiments that this program writes and reads. */
export const schemaVersion = 1;

/** A number of pictures or cells beyond which an experiment is refused. */
export const maxCells = 10_000;

const range = z.strictObject({
  from: z.number(),
  to: z.number(),
  step: z.number().positive().optional().describe("Distance of two values; one of step and count."),
  count: z.int().min(2).optional().describe("How many values, both ends included."),
  scale: z.enum(["linear", "log"]).default("linear").describe("log: equal factors, with count."),
}).refine(({ step, count }) => (step === undefined) !== (count === undefined), "Expected one of step and count")
  .refine(({ scale, count }) => scale === "linear" || count !== undefined, "Expected count with scale log")
  .refine(({ scale, from, to }) => scale === "linear" || from > 0 && to > 0, "Expected ends above 0 with scale log");

/** Evenly spread numbers, both ends included. */
export interface Range {
  /** The first. */
  readonly from: number;
  /** The last, or what a step does not go beyond. */
  readonly to: number;
  /** Distance of two values; one of step and count. */
  readonly step?: number | undefined;
  /** How many values. */
  readonly count?: number | undefined;
  /** Equal distances, or equal factors. */
  readonly scale: "linear" | "log";
}

/** The values of a setting: a list, or a range. */
export type SweptValues = readonly unknown[] | Range;

const values = z.union([z.array(z.unknown()).min(1), range]);

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

/** Which settings change from cell to cell; blocks multiply. */
export interface Sweep {
  /** Settings laid over the others, one after the other. */
  readonly list?: readonly Readonly<Record<string, unknown>>[] | undefined;
  /** Lists of equal length that are gone through side by side. */
  readonly zip?: Readonly<Record<string, SweptValues>> | undefined;
  /** Every value of each key with every value of the others. */
  readonly grid?: Readonly<Record<string, SweptValues>> | undefined;
}

const trueData = z.strictObject({
  ...evaluationConfig.shape.data.omit({ size: true }).shape,
  path: z.string().min(1).describe("A folder, .tar or .parquet files, as wuerstchen train takes them."),
  count: z.int().min(2).max(maxCells).default(1000).describe("How many of its pictures are taken, chosen by chance."),
});

/** True pictures that metrics of sets compare with: a data set as trainings take it. */
export interface TrueData {
  /** A folder, `.tar` or `.parquet` files. */
  readonly path: string;
  /** How many of its pictures are taken. */
  readonly count: number;
  /** Regular expression over captions: others are left out. */
  readonly only?: string | undefined;
  /** How pictures are brought to the size of the painted ones. */
  readonly fit: "cover" | "native";
  /** What they are resized by. */
  readonly filter: "bicubic" | "bilinear" | "box" | "nearest";
  /** Laid under drawings with alpha: colours by name, what captions say of them, and which pairs are left out. */
  readonly backgrounds?: {
    readonly colours?: Record<string, string> | undefined;
    readonly caption?: string | undefined;
    readonly heldOut?: { readonly modulo: number; readonly remainder: number } | undefined;
  } | undefined;
}

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
  seed: seedSchema.optional().describe("Start of the generator. Default 0."),
  seeds: z.union([z.array(seedSchema).min(1), z.string().min(1)]).optional().describe(
    'One picture of each cell for every seed: [1, 2, 3], or "1,2,5-8".',
  ),
  repeats: z.int().min(1).max(1000).default(1).describe(
    "How often every picture is painted, to measure times; the pictures are equal.",
  ),
  sweep: sweep.optional().describe("Settings that change; blocks multiply. Keys inside objects are joined by dots."),
  average: z.array(z.string()).default(["prompt"]).describe(
    "Swept keys over which charts and metrics average, as over seeds, in place of setting their values side by side.",
  ),
  metrics: z.array(pluginSchema).default([]).describe("Metrics by name, see wuerstchen plugins list metric."),
  reference: z.record(z.string(), z.unknown()).optional().describe(
    "Settings laid over each cell's to paint what metrics compare it with, such as many steps.",
  ),
  data: trueData.optional().describe(
    "True pictures that metrics of sets (feature-distance, caption-accuracy) compare with, in place of reference.",
  ),
  report: z.strictObject({
    x: z.string().optional().describe(
      "Swept key that goes across grids and charts, seed, or picture, the place in a draw; the last of the grid where left out.",
    ),
    y: z.string().optional().describe("Swept key that goes down grids and makes the curves of charts."),
  }).default({}).describe("How the report is laid out."),
};

/** An experiment. The prompt may come from the sweep. */
export const experimentSchema = z.strictObject({ ...experimentShape, prompt: cellShape.prompt.optional() });

/** An experiment, defaults filled in. Settings of pictures stand beside those of the study. */
export interface ExperimentConfig extends Readonly<Record<string, unknown>> {
  /** Heading of the report; the file's name where left out. */
  readonly name?: string | undefined;
  /** What is asked; stands in the report. */
  readonly description?: string | undefined;
  /** Outside plugins. */
  readonly plugins: readonly string[];
  /** Start of the generator. */
  readonly seed?: number | undefined;
  /** One picture of each cell for every seed: a list, or text such as `1,2,5-8`. */
  readonly seeds?: readonly number[] | string | undefined;
  /** How often every picture is painted. */
  readonly repeats: number;
  /** Settings that change from cell to cell. */
  readonly sweep?: Sweep | undefined;
  /** Swept keys over which charts and metrics average. */
  readonly average: readonly string[];
  /** Metrics by name, or by name and options. */
  readonly metrics: readonly (string | PluginChoice)[];
  /** Settings laid over each cell's to paint what metrics compare it with. */
  readonly reference?: Readonly<Record<string, unknown>> | undefined;
  /** True pictures that metrics of sets compare with, in place of those of `reference`: a data set as trainings take it. */
  readonly data?: TrueData | undefined;
  /** How the report is laid out: what goes across, and what down. */
  readonly report: { readonly x?: string | undefined; readonly y?: string | undefined };
}

/** The settings that belong to a picture, and not to the study. */
export const cellKeys: readonly string[] = Object.keys(cellShape);

/** The settings that environment variables may set: those with one value. */
export const variableKeys: readonly string[] = [...cellKeys, "seed", "seeds", "repeats"];
