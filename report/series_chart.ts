/**
 * Charts of several series with error bars, as inline SVG.
 * @module
 */
import { verticalAxis } from "./axis.ts";
import { chartFigure } from "./chart_figure.ts";
import { escapeHtml } from "./escape_html.ts";
import { drawAxes, plotFrame, type Tick, xOf, yOf } from "./plot_frame.ts";
import { formatShort } from "./quantities.ts";

/** A value of a series. */
export interface SeriesPoint {
  /** Place among the chart's {@linkcode SeriesChartOptions.across}. */
  readonly index: number;
  readonly y: number;
  /** Half the length of its error bar; none where left out. */
  readonly margin?: number | undefined;
}

/** Values with a name. */
export interface Series {
  readonly name: string;
  readonly points: readonly SeriesPoint[];
}

/** Options of {@linkcode seriesChart}. */
export interface SeriesChartOptions {
  readonly title: string;
  readonly note?: string;
  /** What goes across: numbers lie where they belong, logarithmically where they span a decade; other values side by side. */
  readonly across: readonly { readonly label: string; readonly value: unknown }[];
  /** Drawn up to {@linkcode maxSeries}. */
  readonly series: readonly Series[];
  /** `"zero"`: linear from 0. */
  readonly scale?: "auto" | "zero";
  /** Ticks at powers of two in place of ten. */
  readonly base?: 2 | 10;
  readonly format?: (value: number) => string;
}

/** Most series that can be told apart. */
export const maxSeries = 12;

const size = { width: 480, height: 240, left: 88 };

/** Part of the axis that a label takes. */
const labelShare = 0.09;

/** Draws a chart as a `<figure>` with its legend. Values that are no finite numbers leave no trace. */
export function seriesChart(
  { title, note = "", across, series, scale = "auto", base = 10, format = formatShort }: SeriesChartOptions,
): string {
  const drawn = series.slice(0, maxSeries).map(({ name, points }) => ({
    name,
    points: points.filter(({ y }) => Number.isFinite(y)),
  }));
  const all = drawn.flatMap(({ points }) => points);
  if (all.length === 0) return chartFigure({ title, note: "nothing to draw yet", body: "" });
  const ends = all.flatMap(({ y, margin = 0 }) => [y - margin, y + margin]);
  const { axis: up, isLog } = verticalAxis(ends, { scale, base });
  const frame = plotFrame(size);
  const places = placesOf(across.map(({ value }) => value));
  const x = (index: number) => xOf(frame, places[index]!);
  const y = (value: number) => yOf(frame, up.place(value));
  const parts = drawn.flatMap(({ points }, i) => {
    const sorted = points.toSorted((a, b) => places[a.index]! - places[b.index]!);
    const line = sorted.map((point, j) => `${j === 0 ? "M" : "L"}${x(point.index)} ${y(point.y)}`).join("");
    const bars = sorted.map(({ index, y: value, margin = 0 }) =>
      margin > 0
        ? `<path class="bar" d="M${x(index)} ${y(value - margin)}V${y(value + margin)}M${x(index) - 3} ${
          y(value - margin)
        }h6M${x(index) - 3} ${y(value + margin)}h6"/>`
        : ""
    );
    const dots = sorted.map(({ index, y: value, margin = 0 }) =>
      `<circle class="dot" cx="${x(index)}" cy="${y(value)}" r="3"><title>${
        escapeHtml(`${across[index]!.label}: ${format(value)}${margin > 0 ? ` ± ${format(margin)}` : ""}`)
      }</title></circle>`
    );
    return [`<g class="series s${i}"><path class="curve" d="${line}"/>${bars.join("")}${dots.join("")}</g>`];
  });
  const axes = drawAxes(frame, {
    up: up.ticks.map((tick) => ({ place: up.place(tick), text: format(tick) })),
    across: spread(across.map(({ label }, i) => ({ place: places[i]!, text: label }))),
  });
  const label = `${title}: ${drawn.length} series over ${across.map(({ label }) => label).join(", ")}`;
  const svg = `<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escapeHtml(label)}">${
    [...axes, ...parts].join("")
  }</svg>`;
  const more = series.length > maxSeries ? `first ${maxSeries} of ${series.length} series` : "";
  const notes = [note, more, isLog ? "log scale" : ""].filter((text) => text !== "").join(" · ");
  return chartFigure({ title, note: notes, body: `${svg}${legend(drawn)}` });
}

/** Places along the axis: of numbers by their size, of other values evenly. */
function placesOf(values: readonly unknown[]): number[] {
  const numbers = values.filter((value) => typeof value === "number" && Number.isFinite(value)) as number[];
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  if (numbers.length < values.length || high === low) return values.map((_, i) => (i + 0.5) / values.length);
  const scale = low > 0 && high / low >= 10 ? Math.log : (value: number) => value;
  // Nothing lies on the edge.
  return numbers.map((value) => 0.04 + 0.92 * (scale(value) - scale(low)) / (scale(high) - scale(low)));
}

/** The ticks whose labels do not run into one another. */
function spread(ticks: readonly Tick[]): Tick[] {
  const kept: Tick[] = [];
  for (const tick of ticks.toSorted((a, b) => a.place - b.place)) {
    const share = labelShare * Math.max(0.5, tick.text.length / 6);
    if (kept.length === 0 || tick.place - kept.at(-1)!.place >= share) kept.push({ ...tick, text: cut(tick.text) });
  }
  return kept;
}

function cut(text: string): string {
  return text.length > 14 ? `${text.slice(0, 13)}…` : text;
}

function legend(series: readonly Series[]): string {
  if (series.length < 2) return "";
  const items = series.map(({ name }, i) => `<li class="s${i}"><bdi>${escapeHtml(name)}</bdi></li>`);
  return `<ul class="legend">${items.join("")}</ul>`;
}
