/**
 * What `wuerstchen compare` does.
 * @module
 */
import { compareRuns, type RunComparison } from "../experiments/compare_runs.ts";
import { valueLabel } from "../experiments/labels.ts";
import { readRun } from "../experiments/run_folder.ts";
import { formatDifference, formatEstimate } from "../experiments/summary.ts";
import { oneLine } from "./_errors.ts";
import { writeOut } from "./_stdout.ts";
import type { CompareFlags } from "./compare.ts";

/**
 * Compares two runs.
 *
 * @throws {ConfigError} where a folder is none of an experiment, or of another version, or the page's file is there already
 */
export async function runCompare(
  a: string,
  b: string,
  { json = false, html, force = false }: CompareFlags,
): Promise<void> {
  const [first, second] = [await readRun(a), await readRun(b)];
  const comparison = compareRuns(first, second);
  if (html !== undefined) {
    const { writeComparison } = await import("../experiments/report/write_report.ts");
    await writeComparison(html, { a: first, b: second, comparison, force });
  }
  const { matched: _, ...numbers } = comparison;
  if (json) writeOut(`${JSON.stringify({ a, b, ...numbers }, null, 2)}\n`);
  else writeOut(formatComparison(comparison, { a, b }));
}

/** The comparison as text for people. */
export function formatComparison(
  { differences, pairs, onlyA, onlyB, equal, columns }: RunComparison,
  { a, b }: { a: string; b: string },
): string {
  const rows = [
    ["", oneLine(a), oneLine(b), "difference"],
    ...columns.map(({ column, a, b, difference }) => [
      column.title,
      formatEstimate(a, column),
      formatEstimate(b, column),
      formatDifference(difference, column),
    ]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const table = rows.map((row) =>
    row.map((text, i) => i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)).join("  ")
  );
  const lines = [
    ...differences.map(({ key, a, b }) => `${key}: ${valueLabel(a)} → ${valueLabel(b)}`),
    `${pairs} cells in both (${equal} with equal pictures), ${onlyA} only in ${a}, ${onlyB} only in ${b}`,
    ...(columns.length === 0 ? [] : ["", ...table]),
  ];
  return `${lines.map((line) => oneLine(line) === "" ? "" : line.trimEnd()).join("\n")}\n`;
}
