/**
 * Charts of what was measured.
 * @module
 */
import { escapeHtml } from "../../report/escape_html.ts";
import { seriesChart } from "../../report/series_chart.ts";
import { assignmentLabel, valueLabel } from "../labels.ts";
import { canonicalJson } from "../picture_id.ts";
import type { Point } from "../points.ts";
import type { StoredCell } from "../stored_plan.ts";
import { type Column, formatEstimate } from "../summary.ts";
import { type Layout, valuesIn } from "./layout.ts";

/** A section with a chart for each column that has numbers, or with the numbers alone where there is only one point. */
export function charts(
  { points, columns, layout: { chartX, curves }, cells }: {
    points: readonly Point<StoredCell>[];
    columns: readonly Column[];
    layout: Layout;
    cells: readonly StoredCell[];
  },
): string {
  if (chartX === undefined) return numbersOf(points, columns);
  const values = valuesIn(cells, chartX);
  const places = new Map(values.map((value, i) => [canonicalJson(value ?? null), i]));
  const across = values.map((value) => ({ label: valueLabel(value), value }));
  const [first, ...others] = curves;
  // Of one key the values say enough.
  const nameOf = (swept: Readonly<Record<string, unknown>>) =>
    first !== undefined && others.length === 0 ? valueLabel(swept[first]) : assignmentLabel(pick(swept, curves));
  const groups = Map.groupBy(points, ({ swept }) => nameOf(swept));
  const drawn = columns.flatMap((column) => {
    const series = [...groups].map(([name, points]) => ({
      name,
      points: points.flatMap((point) => {
        const found = column.ofPoint(point);
        if (!found) return [];
        return [{
          index: places.get(canonicalJson(point.swept[chartX] ?? null))!,
          y: found.mean,
          margin: found.margin,
        }];
      }),
    }));
    if (series.every(({ points }) => points.length === 0)) return [];
    const counts = new Set(points.flatMap((point) => column.ofPoint(point)?.count ?? []));
    const size = counts.size === 1
      ? ` · n = ${[...counts][0]}`
      : ` · n = ${Math.min(...counts)} to ${Math.max(...counts)}`;
    const by = first !== undefined && others.length === 0 ? ` by ${first}` : "";
    const note = `over ${chartX}${by} · ${column.better} is better${size}`;
    const { title, format, fromZero, base } = column;
    return [seriesChart({ title, note, across, series, format, base, scale: fromZero ? "zero" : "auto" })];
  });
  if (drawn.length === 0) return "";
  return '<section id="charts"><h2>Measurements <small>means with 95 % confidence intervals</small></h2>' +
    `<div class="charts">${drawn.join("\n")}</div></section>`;
}

/** The numbers of a single point. */
function numbersOf([point]: readonly Point<StoredCell>[], columns: readonly Column[]): string {
  const rows = columns.flatMap((column) => {
    const found = point && column.ofPoint(point);
    if (!found) return [];
    const texts = [column.title, formatEstimate(found, column), `n = ${found.count}`];
    const [title, ...rest] = texts.map(escapeHtml);
    return [`<tr><th scope="row">${title}</th>${rest.map((text) => `<td>${text}</td>`).join("")}</tr>`];
  });
  if (rows.length === 0) return "";
  return '<section id="measurements"><h2>Measurements <small>means with 95 % confidence intervals</small></h2>' +
    `<div class="scroll"><table class="cells"><tbody>${rows.join("\n")}</tbody></table></div></section>`;
}

function pick(swept: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, swept[key]]));
}
