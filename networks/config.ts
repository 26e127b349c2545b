/**
 * Reads the sizes of a network out of its `config.json`.
 * @module
 */
import { z } from "zod";
import { CheckpointError } from "../errors.ts";

/** A positive whole number: a count of channels, blocks or heads. */
export const count: z.ZodNumber = z.int().positive();

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
