/**
 * The page that compares two runs.
 * @module
 */
import type { EmbeddedPicture } from "../../report/embedded_picture.ts";
import { escapeHtml } from "../../report/escape_html.ts";
import { htmlPage } from "../../report/html_page.ts";
import { formatCount } from "../../report/quantities.ts";
import { cellCommand } from "../cell_command.ts";
import type { ColumnComparison, RunComparison } from "../compare_runs.ts";
import { assignmentLabel, imageLabel, valueLabel } from "../labels.ts";
import type { StoredRun } from "../run_folder.ts";
import type { StoredCell } from "../stored_plan.ts";
import { type Column, columnsOf, formatDifference, formatEstimate } from "../summary.ts";
import { copyButton, copyScript, copyStatus } from "./copy_button.ts";
import { experimentStyle } from "./style.ts";
import { tiles } from "./tiles.ts";

/** What the page shows. */
export interface ComparedRuns {
  readonly a: StoredRun;
  readonly b: StoredRun;
  readonly comparison: RunComparison;
  /** Pictures of each run by their names. */
  readonly pictures: Readonly<Record<"a" | "b", ReadonlyMap<string, EmbeddedPicture>>>;
}

/** Most pairs whose pictures are shown. */
const maxPairs = 500;

/** A whole HTML page that needs nothing else; its one script copies commands. */
export function comparisonPage(runs: ComparedRuns): string {
  const { a, b, comparison: { pairs, equal, onlyA, onlyB, columns } } = runs;
  const names = [a.path, b.path] as const;
  const body = [
    "<header>",
    '<p class="over">Comparison of two runs</p>',
    `<h1><bdi>${escapeHtml(a.path)}</bdi> and <bdi>${escapeHtml(b.path)}</bdi></h1>`,
    tiles([
      ["Pairs", formatCount(pairs), "cells with the same settings, seed and repeat"],
      ["Equal pictures", formatCount(equal), "byte for byte"],
      ["Only in the first", formatCount(onlyA), `cells of ${a.path}`],
      ["Only in the second", formatCount(onlyB), `cells of ${b.path}`],
    ]),
    "</header>",
    differenceTable(runs.comparison, names),
    columnTable(columns, names),
    pairGrid(runs),
    copyStatus,
  ];
  return htmlPage({
    title: `Comparison: ${a.path} and ${b.path}`,
    body: body.join("\n"),
    style: experimentStyle,
    script: copyScript,
  });
}

type Names = readonly [a: string, b: string];

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th scope="col"><bdi>${escapeHtml(text)}</bdi></th>`).join("");
  const lines = rows.map(([first = "", ...rest]) =>
    `<tr><th scope="row">${escapeHtml(first)}</th>${
      rest.map((text) => `<td><bdi>${escapeHtml(text)}</bdi></td>`).join("")
    }</tr>`
  );
  return `<div class="scroll"><table class="cells"><thead><tr>${head}</tr></thead><tbody>${
    lines.join("\n")
  }</tbody></table></div>`;
}

/** Settings in which the runs differ as a whole. */
function differenceTable({ differences }: RunComparison, names: Names): string {
  const heading = "<h2>Settings <small>in which the runs differ as a whole</small></h2>";
  if (differences.length === 0) return `<section>${heading}<p class="note">none</p></section>`;
  const rows = differences.map(({ key, a, b }) => [key, valueLabel(a), valueLabel(b)]);
  return `<section>${heading}${table(["", ...names], rows)}</section>`;
}

/** What a difference says: its interval lies on one side of 0, or it does not. */
function verdict({ column: { better }, difference: { mean, margin } }: ColumnComparison): string {
  if (mean === 0) return "the same";
  if (margin === undefined || Math.abs(mean) <= margin) return "not clear";
  return (mean > 0) === (better === "higher") ? "the second is better" : "the first is better";
}

function columnTable(columns: readonly ColumnComparison[], names: Names): string {
  if (columns.length === 0) return "";
  const rows = columns.map((found) => {
    const { column, a, b, difference } = found;
    return [
      column.title,
      formatEstimate(a, column),
      formatEstimate(b, column),
      formatDifference(difference, column),
      verdict(found),
      formatCount(difference.count),
    ];
  });
  return '<section id="measurements"><h2>Measurements <small>means over the pairs with 95 % confidence intervals</small></h2>' +
    `${table(["", ...names, "difference", "", "n"], rows)}</section>`;
}

function pairGrid({ a, b, comparison: { matched }, pictures }: ComparedRuns): string {
  const shown = matched.filter(([{ repeat }, { id }]) => repeat === 0 && pictures.b.has(id));
  if (shown.length === 0) return "";
  const [first, second] = [columnsOf(a), columnsOf(b)];
  const rows = shown.slice(0, maxPairs).map(([one, other]) => {
    const label = [assignmentLabel(one.swept), imageLabel(one), `seed ${one.seed}`].filter((text) => text !== "");
    const left = box(one, { run: a, columns: first, pictures: pictures.a });
    const right = box(other, { run: b, columns: second, pictures: pictures.b });
    return `<tr><th scope="row"><bdi>${escapeHtml(label.join(", "))}</bdi></th><td>${left}</td><td>${right}</td></tr>`;
  });
  const heads = [a.path, b.path].map((path) => `<th scope="col"><bdi>${escapeHtml(path)}</bdi></th>`).join("");
  const more = shown.length > maxPairs ? `<p class="note">The first ${maxPairs} of ${shown.length} pairs.</p>` : "";
  return '<section id="pictures"><h2>Pictures <small>click one to copy the command that makes it again</small></h2>' +
    `<div class="scroll"><table class="grid" style="--side: 256px"><thead><tr><th></th>${heads}</tr></thead><tbody>${
      rows.join("\n")
    }</tbody></table></div>${more}</section>`;
}

/** A picture with its first numbers. */
function box(
  cell: StoredCell,
  { run, columns, pictures }: {
    run: StoredRun;
    columns: readonly Column[];
    pictures: ReadonlyMap<string, EmbeddedPicture>;
  },
): string {
  const picture = pictures.get(cell.id);
  if (!picture) return '<p class="missing">not painted</p>';
  const { source, width, height } = picture;
  const image = `<img src="${source}" width="${width}" height="${height}" alt="${escapeHtml(cell.id)} of ${
    escapeHtml(run.path)
  }">`;
  const numbers = columns.flatMap((column) => {
    const value = column.of(cell);
    return value === undefined ? [] : [`<span>${escapeHtml(`${column.label} ${column.format(value)}`.trim())}</span>`];
  });
  const label = `Copy the command that makes ${cell.id} of ${run.path}`;
  return `<figure>${copyButton(cellCommand(cell, run.plan), { html: image, label })}<figcaption>${
    numbers.slice(0, 3).join(" ")
  }</figcaption></figure>`;
}
