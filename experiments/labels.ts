/**
 * Values of settings in a few words.
 * @module
 */
import type { Assignment } from "./sweep.ts";

/** A value: text as it is, a plugin as its name with its options, anything else as JSON. */
export function valueLabel(value: unknown): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "string") return value;
  if (typeof value !== "object") return String(value);
  const { name, options = {} } = value as { name?: unknown; options?: object };
  if (typeof name !== "string") return JSON.stringify(value);
  const all = Object.entries(options).map(([key, option]) => `${key} ${valueLabel(option)}`);
  return all.length === 0 ? name : `${name} (${all.join(", ")})`;
}

/** An assignment: `priorSteps 4, priorScheduler ddim`. */
export function assignmentLabel(swept: Assignment): string {
  return Object.entries(swept).map(([key, value]) => `${key} ${valueLabel(value)}`).join(", ");
}
