/**
 * Reads the sizes of a network out of its `config.json`.
 * @module
 */
import { z } from "zod";
import { CheckpointError } from "../errors.ts";

/** A positive whole number: a count of channels, tokens or heads. The bound keeps a damaged file from filling the memory. */
export const count: z.ZodNumber = z.int().positive().max(1 << 24);

/** How often something is repeated, possibly never: layers or blocks. */
export const repeats: z.ZodNumber = z.int().nonnegative().max(1000);

/**
 * Checks a parsed `config.json` against `schema`; keys that the schema does not know (`_class_name`, `dropout` …) are ignored.
 *
 * @throws {CheckpointError} naming the file, the key and what was expected
 */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  json: unknown,
  { file }: { file: string },
): z.output<Schema> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const path = issue.path.join(".");
  throw new CheckpointError(`${file}: ${path ? `"${path}": ` : ""}${issue.message}`);
}
