/**
 * The numbers of a run: what was measured of every point, with confidence intervals.
 * @module
 */
import { formatBytes, formatCount, formatDuration, formatFlops, formatNumber } from "../report/quantities.ts";
import { comparisonKey } from "./comparison_key.ts";
import { type Point, pointsOf } from "./points.ts";
import { measureKey, type PictureResult } from "./results.ts";
import type { StoredRun } from "./run_folder.ts";
import { type Estimate, estimate } from "./statistics.ts";
import type { StoredCell, StoredPlan } from "./stored_plan.ts";

/** Something that is measured. */
export interface Column {
  /** A metric's key, or `seconds`, `flops`, `memory`. */
  readonly key: string;
  /** Heading of its chart and column. */
  readonly title: string;
  /** Which of two numbers is better. */
  readonly better: "higher" | "lower";
  /** Whether its axis begins at 0. */
  readonly fromZero: boolean;
  /** What ticks of its axis are multiples of powers of. */
  readonly base: 2 | 10;
  /** In a word or two, before its number; `""` where the unit says it. */
  readonly label: string;
  /** Writes one of its numbers for people. */
  format(value: number): string;
  /** Its number for a cell; undefined where there is none. */
  of(cell: StoredCell): number | undefined;
  /** Its number for a point. */
  ofPoint(point: Point<StoredCell>): Estimate | undefined;
}

/** Floating-point operations of a picture. */
export function flopsOf({ stages }: Pick<PictureResult, "stages">): number {
  return Object.values(stages).reduce((sum, { flops }) => sum + flops, 0);
}

/** What was measured in a run: its metrics, then time, operations and memory. */
export function columnsOf({ plan, results }: Pick<StoredRun, "plan" | "results">): Column[] {
  const own = (
    key: string,
    title: string,
    { format, value }: Pick<Column, "format"> & { value: (picture: PictureResult) => number },
  ): Column => {
    const of = ({ id }: StoredCell) => {
      const picture = results.pictures.get(id);
      return picture && value(picture);
    };
    const ofPoint: Column["ofPoint"] = ({ cells }) => meanOf(cells, of);
    const base = key === "memory" ? 2 : 10;
    return { key, title, better: "lower", fromZero: true, base, label: "", format, of, ofPoint };
  };
  return [
    ...plan.metrics.map((metric) => metricColumn(metric, { results })),
    own("seconds", "Time a picture", { format: formatDuration, value: ({ seconds }) => seconds }),
    own("flops", "Operations a picture", { format: formatFlops, value: flopsOf }),
    own("memory", "Memory", { format: formatBytes, value: ({ memory }) => memory }),
  ];
}

function metricColumn(metric: StoredPlan["metrics"][number], { results }: Pick<StoredRun, "results">): Column {
  const { key, unit, better, isOfSets, truth } = metric;
  const of = ({ id, referenceId }: StoredCell) =>
    isOfSets ? undefined : results.measures.get(measureKey({ id, reference: referenceId ?? "", metric: key }));
  const ofPoint = ({ cells }: Point<StoredCell>) => {
    if (!isOfSets) return meanOf(cells, of);
    const found = results.comparisons.get(comparisonKey(cells.filter(({ repeat }) => repeat === 0), metric));
    return found &&
      (found.values ? estimate(found.values) : { mean: found.value, margin: undefined, count: found.count });
  };
  const name = truth ? `${key} to ${formatCount(truth.count)} true pictures` : key;
  const title = unit === "" || unit === "share" ? name : `${name} (${unit})`;
  return { key, title, better, fromZero: unit === "share", base: 10, label: key, format: formatOf(unit), of, ofPoint };
}

function formatOf(unit: string): (value: number) => string {
  if (unit === "share") return (value) => `${formatNumber(100 * value)} %`;
  if (unit === "dB") return (value) => Number.isFinite(value) ? value.toFixed(2) : formatNumber(value);
  return formatNumber;
}

function meanOf(cells: readonly StoredCell[], of: Column["of"]): Estimate | undefined {
  return estimate(cells.map(of).filter((value) => value !== undefined));
}

/** A mean with its margin: `24.31 ± 0.52`. */
export function formatEstimate(found: Estimate | undefined, { format }: Pick<Column, "format">): string {
  if (found === undefined) return "–";
  const { mean, margin } = found;
  return margin === undefined || margin === 0 ? format(mean) : `${format(mean)} ± ${format(margin)}`;
}

/** A difference with its sign and margin, which times and bytes have no sign for: `−1.2 s ± 0.3 s`. */
export function formatDifference({ mean, margin, count }: Estimate, { format }: Pick<Column, "format">): string {
  const signed = { format: (value: number) => value < 0 ? `−${format(-value)}` : format(value) };
  return `${mean > 0 ? "+" : ""}${formatEstimate({ mean, margin, count }, signed)}`;
}

/** The points of a run. */
export function runPoints({ plan }: Pick<StoredRun, "plan">): Point<StoredCell>[] {
  return pointsOf(plan.cells, plan);
}
