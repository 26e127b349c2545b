/**
 * Writes the tables of docs/presets.md out of a run of experiments/examples/presets.jsonc.
 *
 * Run with `deno task presets-docs RUN_FOLDER`.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRun } from "../experiments/run_folder.ts";
import { describePreset, presetNames } from "../pipeline/presets.ts";
import { betweenMarks, markdownTable } from "./markdown.ts";
import { qualityTables } from "./quality_docs.ts";

const file = join(fileURLToPath(new URL("..", import.meta.url)), "docs", "presets.md");

/** What the tables stand between. */
export const marks = ["<!-- tables: deno task presets-docs RUN_FOLDER -->", "<!-- end of tables -->"] as const;

/** What the presets stand for, as a table. */
export function presetTable(): string {
  return markdownTable(["preset", "stands for"], presetNames.map((name) => [name, describePreset(name)]));
}

if (import.meta.main) {
  const [folder] = Deno.args;
  if (folder === undefined) throw new Error("Expected the folder of a run: deno task presets-docs RUN_FOLDER");
  const tables = `${presetTable()}\n\n${qualityTables(await readRun(folder))}`;
  await Deno.writeTextFile(file, betweenMarks(await Deno.readTextFile(file), tables, marks));
}
