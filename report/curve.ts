/**
 * Curves: smoothed, and thinned to what a screen can show.
 * @module
 */

/** A point of a curve. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Moving average with a triangular window (two passes of a plain one) over about 1/25 of the points. At the beginning, where a
 * loss falls fast, the window shrinks to both sides alike, so that the curve begins where the points do; at the end only to the
 * right.
 *
 * @param options.log averages logarithms, so that a spike stays small on a logarithmic axis; values must be positive
 */
export function smoothed(points: readonly Point[], { log = false }: { log?: boolean } = {}): Point[] {
  const values = points.map(({ y }) => log ? Math.log(y) : y);
  const averaged = movingAverage(movingAverage(values));
  return points.map(({ x }, i) => ({ x, y: log ? Math.exp(averaged[i]!) : averaged[i]! }));
}

function movingAverage(values: readonly number[]): number[] {
  const half = Math.floor(values.length / 75);
  const sums = new Float64Array(values.length + 1);
  values.forEach((value, i) => sums[i + 1] = sums[i]! + value);
  return values.map((_, i) => {
    const reach = Math.min(i, half);
    const [from, to] = [i - reach, Math.min(values.length, i + reach + 1)];
    return (sums[to]! - sums[from]!) / (to - from);
  });
}

/**
 * At most `most` of the points, in their order: the first, the last, and the lowest and highest of each of as many equal runs
 * as fit, so that no spike is lost.
 *
 * @param options.most 4 or more
 */
export function thinned(points: readonly Point[], { most = 1000 }: { most?: number } = {}): Point[] {
  if (points.length <= most) return [...points];
  const runs = Math.floor((most - 2) / 2);
  const inner = points.slice(1, -1);
  const kept = [points[0]!];
  for (let run = 0; run < runs; run++) {
    const part = inner.slice(Math.floor(run * inner.length / runs), Math.floor((run + 1) * inner.length / runs));
    let [low, high] = [0, 0];
    part.forEach(({ y }, i) => {
      if (y < part[low]!.y) low = i;
      if (y > part[high]!.y) high = i;
    });
    kept.push(part[Math.min(low, high)]!);
    if (low !== high) kept.push(part[Math.max(low, high)]!);
  }
  return [...kept, points.at(-1)!];
}
