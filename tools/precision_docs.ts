/**
 * Writes the tables of docs/precision.md out of a run of experiments/examples/precision.jsonc.
 *
 * Run with `deno task precision-docs RUN_FOLDER`.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRun, type StoredRun } from "../experiments/run_folder.ts";
import { columnsOf } from "../experiments/summary.ts";
import { betweenMarks, markdownTable } from "./markdown.ts";
import { qualityTables } from "./quality_docs.ts";

const file = join(fileURLToPath(new URL("..", import.meta.url)), "docs", "precision.md");

/** What the tables stand between. */
export const marks = ["<!-- tables: deno task precision-docs RUN_FOLDER -->", "<!-- end of tables -->"] as const;

/** Median and least of pictures' PSNR to those in full, as a table with a row for each precision. */
export function driftTable(run: Pick<StoredRun, "plan" | "results">): string {
  const column = columnsOf(run).find(({ key }) => key.startsWith("psnr"))!;
  const groups = Map.groupBy(run.plan.cells, ({ settings }) => String(settings["precision"]));
  const rows = [...groups].filter(([precision]) => precision !== "fp32").map(([precision, cells]) => {
    const numbers = cells.flatMap((cell) => column.of(cell) ?? []).sort((a, b) => a - b);
    const [least, median] = [numbers[0], numbers[Math.floor(numbers.length / 2)]];
    return [precision, `${numbers.length}`, ...[median, least].map((value) => `${value?.toFixed(1) ?? "–"} dB`)];
  });
  return markdownTable(["precision", "prompts", "median PSNR to fp32", "at worst"], rows);
}

if (import.meta.main) {
  const [folder] = Deno.args;
  if (folder === undefined) throw new Error("Expected the folder of a run: deno task precision-docs RUN_FOLDER");
  const run = await readRun(folder);
  const tables = `${driftTable(run)}\n\n${qualityTables(run)}`;
  await Deno.writeTextFile(file, betweenMarks(await Deno.readTextFile(file), tables, marks));
}
