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
});

const metric = z.object({
  key: z.string(),
  unit: z.string(),
  better: z.enum(["higher", "lower"]),
  /** Whether it compares sets of pictures, and not each with its own reference. */
  isOfSets: z.boolean(),
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

/** A plan in its folder. */
export type StoredPlan = z.output<typeof storedPlan>;

/** A cell in its folder. */
export type StoredCell = z.output<typeof cell>;
