/**
 * What `plan.json` keeps of an experiment's plan: which cells there are, by which report and comparison are made without any model.
 * @module
 */
import { z } from "zod";

const cell = z.object({
  /** Of its picture. */
  id: z.string(),
  /** Of the picture that metrics compare it with. */
  referenceId: z.string().optional(),
  /** As they are written: defaults of the model left out. */
  settings: z.record(z.string(), z.unknown()),
  /** Its values of the swept keys. */
  swept: z.record(z.string(), z.unknown()),
  seed: z.number(),
  repeat: z.number(),
  /** Its place among the pictures of its draw, from 0. */
  image: z.number().default(0),
});

const metric = z.object({
  key: z.string(),
  unit: z.string(),
  better: z.enum(["higher", "lower"]),
  /** Whether it compares sets of pictures, and not each with its own reference. */
  isOfSets: z.boolean(),
  /** The true pictures that it compares with. */
  truth: z.object({ hash: z.string(), count: z.number() }).optional(),
});

/** A plan in its folder. */
export const storedPlan = z.object({
  name: z.string(),
  description: z.string().optional(),
  /** Swept keys, the slowest first. */
  swept: z.array(z.string()),
  average: z.array(z.string()),
  axes: z.object({ x: z.string().optional(), y: z.string().optional() }),
  /** Outside plugins. */
  plugins: z.array(z.string()),
  cells: z.array(cell),
  metrics: z.array(metric),
});

/** A cell in its folder. */
export interface StoredCell {
  /** Of its picture. */
  readonly id: string;
  /** Of the picture that metrics compare it with. */
  readonly referenceId?: string | undefined;
  /** As they are written: defaults of the model left out. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Its values of the swept keys. */
  readonly swept: Readonly<Record<string, unknown>>;
  /** Start of the generator. */
  readonly seed: number;
  /** From 0. */
  readonly repeat: number;
  /** Its place among the pictures of its draw, from 0. */
  readonly image: number;
}

/** A metric in a plan's folder. */
export interface StoredMetric {
  /** What its numbers are kept under. */
  readonly key: string;
  /** Unit of its numbers. */
  readonly unit: string;
  /** Which of two numbers is better. */
  readonly better: "higher" | "lower";
  /** Whether it compares sets of pictures, and not each with its own reference. */
  readonly isOfSets: boolean;
  /** The true pictures that it compares with, and how many; those of references where left out. */
  readonly truth?: { readonly hash: string; readonly count: number } | undefined;
}

/** A plan in its folder. */
export interface StoredPlan {
  /** Heading of the report. */
  readonly name: string;
  /** What is asked. */
  readonly description?: string | undefined;
  /** Swept keys, the slowest first. */
  readonly swept: readonly string[];
  /** Those over which charts and metrics average. */
  readonly average: readonly string[];
  /** What goes across, and what down. */
  readonly axes: { readonly x?: string | undefined; readonly y?: string | undefined };
  /** Outside plugins. */
  readonly plugins: readonly string[];
  /** One a picture that is shown. */
  readonly cells: readonly StoredCell[];
  /** What is measured. */
  readonly metrics: readonly StoredMetric[];
}
