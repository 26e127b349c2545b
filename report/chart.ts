/**
 * Line charts as inline SVG, coloured by the style sheet of the page.
 * @module
 */
import { type Axis, linearAxis, logAxis } from "./axis.ts";
import { type Point, smoothed, thinned } from "./curve.ts";
import { escapeHtml } from "./escape_html.ts";
import { formatShort } from "./quantities.ts";

/** Options of {@linkcode lineChart}. */
export interface ChartOptions {
  readonly title: string;
  /** Values by step; those that are no finite numbers leave no trace. */
  readonly points: readonly Point[];
  /** Across the page, for what matters most. */
  readonly large?: boolean;
  /** Draws the points faintly below their moving average. Default: the points alone. */
  readonly smooth?: boolean;
  /** `"zero"`: linear from 0; `"auto"`, the default: logarithmic where all values are positive and span over a decade. */
  readonly scale?: "auto" | "zero";
  /** Writes a value, on the axis and in the title. */
  readonly format?: (value: number) => string;
  /** Ticks at powers of two in place of ten. */
  readonly base?: 2 | 10;
  /** Steps that get an upright line. */
  readonly marks?: readonly number[];
  /** Adds the lowest value to the title. */
  readonly lowest?: boolean;
}

/** Units of the drawing, which the page scales to its width. */
const sizes = { large: { width: 1000, height: 320 }, small: { width: 350, height: 170 } };
const margin = { left: 56, right: 14, top: 8, bottom: 24 };

/**
 * Draws a chart over steps as a `<figure>`: title with the last value, grid, and a line of at most 1000 points. Of no points it is a
 * title that says so.
 */
export function lineChart(options: ChartOptions): string {
  const { title, large = false, smooth = false, lowest = false, format = formatShort } = options;
  const points = options.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const last = points.at(-1);
  if (last === undefined) {
    return figure({ title, note: "nothing logged yet", large, body: "" });
  }
  const least = points.reduce((low, { y }) => Math.min(low, y), Infinity);
  const note = `last ${format(last.y)}${lowest ? ` · lowest ${format(least)}` : ""}`;
  const { width, height } = sizes[large ? "large" : "small"];
  const frame = { left: margin.left, right: width - margin.right, top: margin.top, bottom: height - margin.bottom };
  const across = linearAxis(0, last.x, { count: large ? 8 : 4, tight: true });
  const { axis: up, isLog } = verticalAxis(points, options);
  const curve = smooth ? smoothed(points, { log: isLog }) : points;
  const x = (value: number) => round(frame.left + across.place(value) * (frame.right - frame.left));
  const y = (value: number) => round(frame.bottom - up.place(value) * (frame.bottom - frame.top));
  const line = (drawn: readonly Point[], name: string) => {
    const path = thinned(drawn).map((point, i) => `${i === 0 ? "M" : "L"}${x(point.x)} ${y(point.y)}`).join("");
    return `<path class="${name}" d="${path}"/>`;
  };
  const parts = [
    ...up.ticks.map((tick) =>
      `<path class="rule" d="M${frame.left} ${y(tick)}H${frame.right}"/>` +
      `<text x="${frame.left - 7}" y="${round(y(tick) + 3.5)}" text-anchor="end">${escapeHtml(format(tick))}</text>`
    ),
    ...across.ticks.map((tick) =>
      `<path class="tick" d="M${x(tick)} ${frame.bottom}v4"/>` +
      `<text x="${x(tick)}" y="${height - 6}" text-anchor="middle">${escapeHtml(formatShort(tick))}</text>`
    ),
    `<path class="axis" d="M${frame.left} ${frame.bottom}H${frame.right}"/>`,
    ...(options.marks ?? []).map((step) =>
      `<path class="mark" d="M${x(step)} ${frame.top}V${frame.bottom}"><title>resumed after step ${step}</title></path>`
    ),
    ...(smooth ? [line(points, "raw")] : []),
    line(curve, "curve"),
    ...(points.length === 1 ? [`<circle class="dot" cx="${x(last.x)}" cy="${y(last.y)}" r="3"/>`] : []),
  ];
  const label = `${title} over steps 0 to ${formatShort(last.x)}, ${note}`;
  const body = `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}">${
    parts.join("")
  }</svg>`;
  return figure({ title, note: `${note}${isLog ? " · log scale" : ""}`, large, body });
}

function figure({ title, note, large, body }: { title: string; note: string; large: boolean; body: string }): string {
  return `<figure class="chart${large ? " large" : ""}"><figcaption><b>${escapeHtml(title)}</b> ` +
    `<span>${escapeHtml(note)}</span></figcaption>${body}</figure>`;
}

function verticalAxis(
  points: readonly Point[],
  { scale = "auto", base = 10 }: ChartOptions,
): { axis: Axis; isLog: boolean } {
  let [low, high] = [Infinity, -Infinity];
  for (const { y } of points) [low, high] = [Math.min(low, y), Math.max(high, y)];
  if (scale === "zero") return { axis: linearAxis(Math.min(0, low), Math.max(0, high) || 1, { base }), isLog: false };
  if (low > 0 && high / low > 10) return { axis: logAxis(low, high), isLog: true };
  return { axis: linearAxis(low, high, { base }), isLog: false };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
