/**
 * The lines of `results.jsonl`: what was painted and measured.
 * @module
 */
import { z } from "zod";
import type { StageName } from "../pipeline/types.ts";

/** A number that may be infinite, which JSON has no word for. */
const anyNumber = z.union([z.number(), z.enum(["Infinity", "-Infinity"])]).transform(Number);

/** A number as {@linkcode resultLine} reads it again. */
export function jsonNumber(value: number): number | "Infinity" | "-Infinity" {
  return Number.isFinite(value) ? value : value > 0 ? "Infinity" : "-Infinity";
}

const stage = z.object({
  load: z.number(),
  run: z.number(),
  steps: z.number(),
  evaluations: z.number(),
  /** Floating-point operations. */
  flops: z.number(),
});

const picture = z.object({
  type: z.literal("picture"),
  id: z.string(),
  /** In the folder of the run. */
  file: z.string(),
  /** Of the file. */
  sha256: z.string(),
  time: z.string(),
  /** Of the program that painted it. */
  version: z.string(),
  settings: z.record(z.string(), z.unknown()),
  options: z.record(z.string(), z.unknown()),
  model: z.object({ name: z.string(), weights: z.record(z.string(), z.string()) }).loose(),
  seed: z.number(),
  repeat: z.number(),
  seconds: z.number(),
  stages: z.record(z.string(), stage),
  /** Most bytes in memory that were seen between two steps. */
  memory: z.number(),
  warnings: z.array(z.string()),
});

const failure = z.object({ type: z.literal("failure"), id: z.string(), time: z.string(), error: z.string() });

const measure = z.object({
  type: z.literal("measure"),
  id: z.string(),
  reference: z.string(),
  metric: z.string(),
  value: anyNumber,
});

const comparison = z.object({
  type: z.literal("comparison"),
  /** Of the pictures, the references and the metric. */
  key: z.string(),
  metric: z.string(),
  value: anyNumber,
  count: z.number(),
  values: z.array(anyNumber).optional(),
});

/** A line. */
const resultLine = z.discriminatedUnion("type", [picture, failure, measure, comparison]);

/** What a stage took for a picture: its share, where several were drawn at once. */
export interface StageResult {
  /** Seconds of loading. */
  readonly load: number;
  /** Seconds of running. */
  readonly run: number;
  /** Steps of the draw. */
  readonly steps: number;
  /** Pictures and texts that its network was run on. */
  readonly evaluations: number;
  /** Floating-point operations. */
  readonly flops: number;
}

/** A painted picture. */
export interface PictureResult {
  /** Tells it from the other lines. */
  readonly type: "picture";
  /** Its name. */
  readonly id: string;
  /** In the folder of the run. */
  readonly file: string;
  /** Of the file. */
  readonly sha256: string;
  /** When it was finished, in ISO 8601. */
  readonly time: string;
  /** Of the program that painted it. */
  readonly version: string;
  /** As they are written. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The same, defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Which weights painted it. */
  readonly model: { readonly name: string; readonly weights: Readonly<Record<string, string>> };
  /** Start of the generator. */
  readonly seed: number;
  /** From 0. */
  readonly repeat: number;
  /** What it took: its share, where several were drawn at once. */
  readonly seconds: number;
  /** What each stage took. */
  readonly stages: Readonly<Partial<Record<StageName, StageResult>>>;
  /** Most bytes in memory that were seen between two steps. */
  readonly memory: number;
  /** What was lost or unusual. */
  readonly warnings: readonly string[];
}

/** What a metric found for a set of pictures. */
export interface Comparison {
  /** Tells it from the other lines. */
  readonly type: "comparison";
  /** Of the pictures, the references and the metric. */
  readonly key: string;
  /** Its key. */
  readonly metric: string;
  /** The number. */
  readonly value: number;
  /** Pictures that it is over. */
  readonly count: number;
  /** A number for each picture whose mean is the value; only where it is such a mean. */
  readonly values?: readonly number[] | undefined;
}

/** Everything that a run has found; later lines replace earlier ones of the same picture. */
export interface Results {
  /** By their names. */
  readonly pictures: ReadonlyMap<string, PictureResult>;
  /** What went wrong with pictures that are not there. */
  readonly failures: ReadonlyMap<string, string>;
  /** By {@linkcode measureKey}. */
  readonly measures: ReadonlyMap<string, number>;
  /** By their own key. */
  readonly comparisons: ReadonlyMap<string, Comparison>;
  /** Lines that could not be read. */
  readonly unread: number;
}

/** The key of a metric's number for a picture. */
export function measureKey({ id, reference, metric }: { id: string; reference: string; metric: string }): string {
  return JSON.stringify([id, reference, metric]);
}

/** Reads the lines; those that are damaged are counted. */
export function parseResults(text: string): Results {
  const pictures = new Map<string, PictureResult>();
  const failures = new Map<string, string>();
  const measures = new Map<string, number>();
  const comparisons = new Map<string, Comparison>();
  let unread = 0;
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const found = parseLine(line);
    if (found === undefined) unread++;
    else if (found.type === "picture") pictures.set(found.id, found);
    else if (found.type === "failure") failures.set(found.id, found.error);
    else if (found.type === "measure") measures.set(measureKey(found), found.value);
    else comparisons.set(found.key, found);
  }
  return { pictures, failures, measures, comparisons, unread };
}

function parseLine(line: string): z.output<typeof resultLine> | undefined {
  try {
    return resultLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
