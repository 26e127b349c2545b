import { CheckpointError } from "../errors.ts";

/** A JSON object whose fields nobody has checked yet. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Returns a value as a JSON object.
 *
 * @param where file and field, for the message
 * @throws CheckpointError where it is anything else
 */
export function fieldsOf(value: unknown, where: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unexpected(where, "an object", value);
  return value as Fields;
}

/**
 * Returns a value as a JSON array.
 *
 * @param where file and field, for the message
 * @throws CheckpointError where it is anything else
 */
export function itemsOf(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw unexpected(where, "an array", value);
  return value;
}

/** Makes the error for a value of a file that is not what it should be; `where` names file and field. */
export function unexpected(where: string, wanted: string, found: unknown): CheckpointError {
  return new CheckpointError(`${where}: Expected ${wanted} but found ${describe(found)}`);
}

/** Says what a value is, in a few words however large it is. */
function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const shown = JSON.stringify(value);
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}
