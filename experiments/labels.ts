/**
 * Values of settings in a few words.
 * @module
 */
import type { StoredCell } from "./stored_plan.ts";
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

/** What a cell's picture was painted from: of several prompts its own. */
export function promptOf(
  { settings: { prompt, imagesPerPrompt }, image }: Pick<StoredCell, "settings" | "image">,
): string {
  if (!Array.isArray(prompt)) return String(prompt);
  return prompt[Math.floor(image / Number(imagesPerPrompt ?? 1))];
}

/** A cell's place among the pictures of its draw: its prompt where there are several, and a number where each has several pictures. */
export function imageLabel({ settings, image }: Pick<StoredCell, "settings" | "image">): string {
  const each = Number(settings["imagesPerPrompt"] ?? 1);
  const number = each > 1 ? `${image % each + 1}` : "";
  if (!Array.isArray(settings["prompt"])) return number;
  return number === "" ? promptOf({ settings, image }) : `${promptOf({ settings, image })} (${number})`;
}

/** An assignment: `priorSteps 4, priorScheduler ddim`. */
export function assignmentLabel(swept: Assignment): string {
  return Object.entries(swept).map(([key, value]) => `${key} ${valueLabel(value)}`).join(", ");
}
