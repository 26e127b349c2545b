/**
 * The command that makes a cell again.
 * @module
 */
import { shellQuote } from "../config/shell_quote.ts";
import type { StoredCell } from "./stored_plan.ts";

/**
 * A command line for a POSIX shell that paints a cell's draw alone, without the experiment's file: with the same weights its pictures get
 * the same names.
 *
 * @param options.plugins outside plugins of the experiment
 */
export function cellCommand(
  { id, settings, seed }: Pick<StoredCell, "id" | "settings" | "seed">,
  { plugins = [] }: { plugins?: readonly string[] } = {},
): string {
  const all: [string, unknown][] = [
    ...Object.entries(settings),
    ...(settings["from"] === undefined ? [["seed", seed] as [string, unknown]] : []),
  ];
  const changes = all.filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${valueText(value)}`);
  const loaded = plugins.flatMap((plugin) => ["--allow-plugin", plugin]);
  const words = ["wuerstchen", "run", "-o", id, ...loaded, ...changes.flatMap((change) => ["--set", change])];
  return words.map(shellQuote).join(" ");
}

/** A value as `--set` reads it: text as it is, unless it would be read as something else. */
function valueText(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  try {
    JSON.parse(value);
    return JSON.stringify(value);
  } catch {
    return value;
  }
}
