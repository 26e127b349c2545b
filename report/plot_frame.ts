/**
 * The frame of a chart: its axes, drawn.
 * @module
 */
import { escapeHtml } from "./escape_html.ts";

/** Where a chart's drawing lies in its picture, in its own units. */
export interface PlotFrame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A tick on an axis. */
export interface Tick {
  /** 0 to 1 along the axis. */
  readonly place: number;
  readonly text: string;
}

const margin = { left: 56, right: 14, top: 8, bottom: 24 };

/**
 * The frame in a picture of some size.
 *
 * @param options.left room for the labels of the upright axis
 */
export function plotFrame(
  { width, height, left = margin.left }: { width: number; height: number; left?: number },
): PlotFrame {
  const { right, top, bottom } = margin;
  return { width, height, left, right: width - right, top, bottom: height - bottom };
}

/** Where a place of the lower axis lies. */
export function xOf({ left, right }: PlotFrame, place: number): number {
  return round(left + place * (right - left));
}

/** Where a place of the upright axis lies. */
export function yOf({ top, bottom }: PlotFrame, place: number): number {
  return round(bottom - place * (bottom - top));
}

/** A number with one digit behind the point: more cannot be seen. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Both axes with their ticks, as parts of an SVG. */
export function drawAxes(frame: PlotFrame, { up, across }: { up: readonly Tick[]; across: readonly Tick[] }): string[] {
  const { left, right, bottom, height } = frame;
  return [
    ...up.map(({ place, text }) => {
      const y = yOf(frame, place);
      return `<path class="rule" d="M${left} ${y}H${right}"/>` +
        `<text x="${left - 7}" y="${round(y + 3.5)}" text-anchor="end">${escapeHtml(text)}</text>`;
    }),
    ...across.map(({ place, text }) => {
      const x = xOf(frame, place);
      return `<path class="tick" d="M${x} ${bottom}v4"/>` +
        `<text x="${x}" y="${height - 6}" text-anchor="middle">${escapeHtml(text)}</text>`;
    }),
    `<path class="axis" d="M${left} ${bottom}H${right}"/>`,
  ];
}
