/**
 * Axes: where ticks stand, and where a value lies between them.
 * @module
 */

/** A scale from values to 0…1. */
export interface Axis {
  /** Values of the ticks, ascending, all within the axis. */
  readonly ticks: readonly number[];
  /** Part of the axis, 0 to 1, that lies before a value; values beyond its ends are put there. */
  place(value: number): number;
}

/** Options of {@linkcode linearAxis}. */
export interface LinearAxisOptions {
  /** About how many ticks. Default 4. */
  readonly count?: number;
  /** Ends the axis at the data, and not at the next tick. */
  readonly tight?: boolean;
  /** What one tick is a multiple of: 2 for powers of two (bytes), else 10. */
  readonly base?: 2 | 10;
}

/** An axis over the values from `low` to `high`, with ticks at round numbers. */
export function linearAxis(
  low: number,
  high: number,
  { count = 4, tight = false, base = 10 }: LinearAxisOptions = {},
): Axis {
  const [bottom, top] = widened(low, high, tight);
  const step = roundStep((top - bottom) / count, base);
  const first = tight ? bottom : Math.floor(bottom / step + 1e-9) * step;
  const last = tight ? top : Math.ceil(top / step - 1e-9) * step;
  const ticks: number[] = [];
  for (let i = Math.ceil(first / step - 1e-9); i * step <= last + step * 1e-9; i++) ticks.push(i * step + 0);
  return { ticks, place: (value) => clamped((value - first) / (last - first)) };
}

/** The ends, apart where the values are one: around it, or above it on a tight axis. */
function widened(low: number, high: number, tight: boolean): [number, number] {
  if (high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high), 1e-100)) return [low, high];
  const half = Math.abs(low) > 1e-100 ? Math.abs(low) / 2 : 1;
  return tight ? [low, low + 2 * half] : [low - half, low + half];
}

/** 1, 2 or 5 times a power of ten, or a power of two, that is at least `step`. */
function roundStep(step: number, base: 2 | 10): number {
  if (base === 2) return 2 ** Math.ceil(Math.log2(step));
  const power = 10 ** Math.floor(Math.log10(step));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= step * (1 - 1e-9))!;
}

/** A logarithmic axis over the positive values from `low` to `high`, with ticks at 1, 2 and 5 or, over many decades, at powers of ten. */
export function logAxis(low: number, high: number): Axis {
  const [from, to] = [Math.log10(low), Math.log10(high > 1.001 * low ? high : 10 * low)];
  const decades = to - from;
  const every = Math.max(1, Math.ceil(decades / 6));
  const factors = decades < 2.5 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = Math.floor(from); power <= Math.ceil(to); power++) {
    if (power % every !== 0) continue;
    for (const factor of factors) {
      const tick = Number(`${factor}e${power}`);
      const place = Math.log10(tick);
      if (place >= from - 1e-9 && place <= to + 1e-9) ticks.push(tick);
    }
  }
  return { ticks, place: (value) => value > 0 ? clamped((Math.log10(value) - from) / decades) : 0 };
}

function clamped(part: number): number {
  return Math.min(1, Math.max(0, part));
}

/**
 * The upright axis of a chart: logarithmic where all values are positive and span over a decade, else linear.
 *
 * @param options.scale `"zero"` has it linear, and begin at 0
 * @param options.base ticks at powers of two in place of ten
 */
export function verticalAxis(
  values: readonly number[],
  { scale = "auto", base = 10 }: { readonly scale?: "auto" | "zero"; readonly base?: 2 | 10 },
): { axis: Axis; isLog: boolean } {
  let [low, high] = [Infinity, -Infinity];
  for (const y of values) [low, high] = [Math.min(low, y), Math.max(high, y)];
  if (scale === "zero") return { axis: linearAxis(Math.min(0, low), Math.max(0, high) || 1, { base }), isLog: false };
  if (low > 0 && high / low > 10) return { axis: logAxis(low, high), isLog: true };
  return { axis: linearAxis(low, high, { base }), isLog: false };
}
