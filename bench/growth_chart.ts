/**
 * Draws how cost grows as one SVG that needs nothing else: a panel for each series.
 * @module
 */
import { linearAxis } from "../report/axis.ts";
import { escapeHtml } from "../report/escape_html.ts";
import { drawAxes, plotFrame, xOf, yOf } from "../report/plot_frame.ts";
import { formatDuration, formatShort } from "../report/quantities.ts";

/** Something that grows, and what it costs. */
export interface GrowthSeries {
  /** What grows, with its unit. */
  readonly name: string;
  readonly points: readonly GrowthPoint[];
}

/** What one picture, or one draw, takes. */
export interface GrowthPoint {
  /** How much of what grows. */
  readonly x: number;
  readonly seconds: number;
  /** Bytes. */
  readonly peak: number;
}

const panel = { width: 360, height: 230, title: 28, columns: 3 };

const style = `
text { font: 11px system-ui, sans-serif; fill: #63666f; }
.title { font-size: 13px; font-weight: 600; fill: #1c1d21; }
.rule { stroke: #e3e3e0; } .axis, .tick { stroke: #a0a4ae; }
.curve { fill: none; stroke: #2563c9; stroke-width: 2; } .even { fill: none; stroke: #b4590c; stroke-dasharray: 4 4; }
.dot { fill: #2563c9; }`;

/** A chart of seconds for each series. The dashed line is what they would be if each further one cost what the first one did. */
export function growthChart(series: readonly GrowthSeries[]): string {
  const drawn = series.filter(({ points }) => points.length > 0);
  const rows = Math.ceil(drawn.length / panel.columns);
  const [width, height] = [panel.columns * panel.width, rows * panel.height];
  const panels = drawn.map((one, i) => {
    const [left, top] = [(i % panel.columns) * panel.width, Math.floor(i / panel.columns) * panel.height];
    return `<g transform="translate(${left} ${top})">${drawPanel(one)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">` +
    `<style>${style}</style><rect width="${width}" height="${height}" fill="#ffffff"/>${panels.join("")}</svg>\n`;
}

function drawPanel({ name, points }: GrowthSeries): string {
  const frame = plotFrame({ width: panel.width - 10, height: panel.height - panel.title });
  const last = points.at(-1)!;
  const first = points[0]!;
  const across = linearAxis(0, last.x, { count: 5, tight: true });
  const up = linearAxis(0, Math.max(...points.map(({ seconds }) => seconds)));
  const at = (x: number, y: number) => `${xOf(frame, across.place(x))} ${yOf(frame, up.place(y))}`;
  const line = points.map(({ x, seconds }, i) => `${i === 0 ? "M" : "L"}${at(x, seconds)}`).join("");
  // Only as far as the panel reaches.
  const end = Math.min(last.x, up.ticks.at(-1)! * first.x / first.seconds);
  const even = `M${at(0, 0)}L${at(end, first.seconds * end / first.x)}`;
  const parts = [
    ...drawAxes(frame, {
      up: up.ticks.map((tick) => ({ place: up.place(tick), text: formatDuration(tick) })),
      across: across.ticks.map((tick) => ({ place: across.place(tick), text: formatShort(tick) })),
    }),
    `<path class="even" d="${even}"/>`,
    `<path class="curve" d="${line}"/>`,
    ...points.map(({ x, seconds }) => {
      const [cx, cy] = at(x, seconds).split(" ");
      return `<circle class="dot" cx="${cx}" cy="${cy}" r="3"/>`;
    }),
  ];
  return `<text class="title" x="${frame.left}" y="18">seconds by ${escapeHtml(name)}</text>` +
    `<g transform="translate(0 ${panel.title})">${parts.join("")}</g>`;
}
