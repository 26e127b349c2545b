/**
 * Line charts as inline SVG, coloured by the style sheet of the page.
 * @module
 */
import { linearAxis, verticalAxis } from "./axis.ts";
import { type Point, smoothed, thinned } from "./curve.ts";
import { escapeHtml } from "./escape_html.ts";
import { drawAxes, plotFrame, xOf, yOf } from "./plot_frame.ts";
import { chartFigure } from "./chart_figure.ts";
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

/**
 * Draws a chart over steps as a `<figure>`: title with the last value, grid, and a line of at most 1000 points. Of no points it is a
 * title that says so.
 */
export function lineChart(options: ChartOptions): string {
  const { title, large = false, smooth = false, lowest = false, format = formatShort } = options;
  const points = options.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const last = points.at(-1);
  if (last === undefined) {
    return chartFigure({ title, note: "nothing logged yet", large, body: "" });
  }
  const least = points.reduce((low, { y }) => Math.min(low, y), Infinity);
  const note = `last ${format(last.y)}${lowest ? ` · lowest ${format(least)}` : ""}`;
  const { width, height } = sizes[large ? "large" : "small"];
  const frame = plotFrame({ width, height });
  const across = linearAxis(0, last.x, { count: large ? 8 : 4, tight: true });
  const { axis: up, isLog } = verticalAxis(points.map(({ y }) => y), options);
  const curve = smooth ? smoothed(points, { log: isLog }) : points;
  const x = (value: number) => xOf(frame, across.place(value));
  const y = (value: number) => yOf(frame, up.place(value));
  const line = (drawn: readonly Point[], name: string) => {
    const path = thinned(drawn).map((point, i) => `${i === 0 ? "M" : "L"}${x(point.x)} ${y(point.y)}`).join("");
    return `<path class="${name}" d="${path}"/>`;
  };
  const parts = [
    ...drawAxes(frame, {
      up: up.ticks.map((tick) => ({ place: up.place(tick), text: format(tick) })),
      across: across.ticks.map((tick) => ({ place: across.place(tick), text: formatShort(tick) })),
    }),
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
  return chartFigure({ title, note: `${note}${isLog ? " · log scale" : ""}`, large, body });
}
