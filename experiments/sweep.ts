/**
 * Sweeps: which settings change from cell to cell.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { maxCells, type Range, type Sweep, type SweptValues } from "./config_schema.ts";

/** Values of swept keys, in the order of their sweep. */
export type Assignment = Readonly<Record<string, unknown>>;

/** Digits that rounding leaves: 0.1 + 0.2 is 0.3. */
const digits = 12;

/** How many values there are. They are not made for it. */
export function countValues(values: SweptValues): number {
  if (Array.isArray(values)) return values.length;
  const { from, to, step, count } = values as Range;
  return count ?? Math.floor(Math.abs(to - from) / step! + 1e-9) + 1;
}

function valuesOf(values: SweptValues): unknown[] {
  if (Array.isArray(values)) return values;
  const { from, to, step, scale } = values as Range;
  const count = countValues(values);
  return Array.from({ length: count }, (_, i) => {
    const part = count === 1 ? 0 : i / (count - 1);
    const value = step !== undefined
      ? from + Math.sign(to - from) * step * i
      : scale === "log"
      ? from * (to / from) ** part
      : from + (to - from) * part;
    return Number(value.toPrecision(digits));
  });
}

/** The keys that a sweep changes, the slowest first. */
export function sweptKeys({ list = [], zip = {}, grid = {} }: Sweep): string[] {
  return [
    ...new Set([...list.flatMap((settings) => Object.keys(settings)), ...Object.keys(zip), ...Object.keys(grid)]),
  ];
}

/**
 * How many cells a sweep makes, times others.
 *
 * @param options.times seeds and repeats
 * @throws {ConfigError} where they are too many, with the count; nothing is built
 */
export function countCells({ list, zip = {}, grid = {} }: Sweep, { times }: { times: readonly number[] }): number {
  const zipped = Object.entries(zip).map(([key, values]) => [key, countValues(values)] as const);
  const [first] = zipped;
  const uneven = zipped.find(([, count]) => count !== first![1]);
  if (uneven) {
    throw new ConfigError(
      `"sweep.zip": Expected lists of one length but found ${first![1]} of ${first![0]} and ${uneven[1]} of ${
        uneven[0]
      }`,
    );
  }
  const factors = [list?.length ?? 1, first?.[1] ?? 1, ...Object.values(grid).map(countValues), ...times];
  const count = factors.reduce((product, factor) => product * factor, 1);
  if (count <= maxCells) return count;
  const product = factors.filter((factor) => factor > 1).map((factor) => factor.toLocaleString("en-US")).join(" × ");
  throw new ConfigError(
    `Expected at most ${maxCells.toLocaleString("en-US")} pictures but sweep, seeds and repeats make ` +
      `${count.toLocaleString("en-US")} (${product}): sweep less, or run parts of it`,
  );
}

/** The assignments of a sweep: blocks multiply, list slowest and grid fastest, its last key the fastest of all. */
export function assignments({ list = [{}], zip = {}, grid = {} }: Sweep): Assignment[] {
  const keys = Object.keys(zip);
  const columns = keys.map((key) => valuesOf(zip[key]!));
  const zipped = keys.length === 0
    ? [{}]
    : columns[0]!.map((_, i) => Object.fromEntries(keys.map((key, column) => [key, columns[column]![i]])));
  let all: Assignment[] = list.flatMap((settings) => zipped.map((values) => ({ ...settings, ...values })));
  for (const [key, values] of Object.entries(grid)) {
    const list = valuesOf(values);
    all = all.flatMap((assignment) => list.map((value) => ({ ...assignment, [key]: value })));
  }
  return all;
}
