/**
 * Writes the tables of docs/quality_and_steps.md out of a run of experiments/examples/quality_and_steps.jsonc.
 *
 * Run with `deno task quality-docs RUN_FOLDER`.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { layoutOf, valuesIn } from "../experiments/report/layout.ts";
import { valueLabel } from "../experiments/labels.ts";
import { canonicalJson } from "../experiments/picture_id.ts";
import { readRun, type StoredRun } from "../experiments/run_folder.ts";
import { columnsOf, formatEstimate, runPoints } from "../experiments/summary.ts";
import { betweenMarks, markdownTable } from "./markdown.ts";

const file = join(fileURLToPath(new URL("..", import.meta.url)), "docs", "quality_and_steps.md");

/** What the tables stand between. */
export const marks = ["<!-- tables: deno task quality-docs RUN_FOLDER -->", "<!-- end of tables -->"] as const;

/** A table for everything that was measured: what is compared down, its first axis across. */
export function qualityTables(run: StoredRun): string {
  const { plan, results, environments } = run;
  const { chartX, curves } = layoutOf(plan);
  if (chartX === undefined) throw new Error(`Expected a run that sweeps something but found ${plan.name}`);
  const values = valuesIn(plan.cells, chartX);
  const groups = Map.groupBy(runPoints(run), ({ swept }) => curves.map((key) => valueLabel(swept[key])).join(", "));
  const tables = columnsOf(run).map((column) => {
    const rows = [...groups].map(([name, points]) => [
      name,
      ...values.map((value) => {
        const point = points.find(({ swept }) => canonicalJson(swept[chartX] ?? null) === canonicalJson(value ?? null));
        return formatEstimate(point && column.ofPoint(point), column);
      }),
    ]);
    const heads = [curves.join(", ") || plan.name, ...values.map((value) => `${chartX} ${valueLabel(value)}`)];
    const counts = [...new Set(runPoints(run).map((point) => column.ofPoint(point)?.count ?? 0))];
    const size = counts.length === 1 ? counts[0] : `${Math.min(...counts)} to ${Math.max(...counts)}`;
    return `### ${column.title}, ${column.better} is better, n = ${size}\n\n${markdownTable(heads, rows)}`;
  });
  const { cpu, cores, version } = environments.at(-1)!;
  const painted = plan.cells.filter(({ id }) => results.pictures.has(id)).length;
  return [
    `${painted} of ${plan.cells.length} pictures, painted by wuerstchen ${version} on ${cpu} (${cores} cores); means with 95 % confidence ` +
    "intervals over prompts and seeds. n is how many pictures each number of a table stands on; seconds are a picture's share of its draw.",
    ...tables,
  ].join("\n\n");
}

if (import.meta.main) {
  const [folder] = Deno.args;
  if (folder === undefined) throw new Error("Expected the folder of a run: deno task quality-docs RUN_FOLDER");
  const tables = qualityTables(await readRun(folder));
  await Deno.writeTextFile(file, betweenMarks(await Deno.readTextFile(file), tables, marks));
}
