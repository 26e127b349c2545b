/**
 * Compares two runs: cells with the same settings, one beside the other.
 * @module
 */
import { flatSettings } from "./report/cell_table.ts";
import { canonicalJson } from "./picture_id.ts";
import type { StoredRun } from "./run_folder.ts";
import { type Estimate, estimate } from "./statistics.ts";
import type { StoredCell } from "./stored_plan.ts";
import { type Column, columnsOf, runPoints } from "./summary.ts";

/** A setting that is one thing in all cells of a run, and another in all of the other run. */
export interface RunDifference {
  /** The setting; keys inside objects are joined by dots. */
  readonly key: string;
  /** Its value in the first run. */
  readonly a: unknown;
  /** Its value in the second run. */
  readonly b: unknown;
}

/** What a column says of both runs. */
export interface ColumnComparison {
  /** What was measured. */
  readonly column: Pick<Column, "key" | "title" | "better" | "format">;
  /** Over the pairs, in the first run. */
  readonly a: Estimate;
  /** Over the pairs, in the second run. */
  readonly b: Estimate;
  /** Of the pairs: b − a. */
  readonly difference: Estimate;
}

/** How two runs compare. */
export interface RunComparison {
  /** Settings in which whole runs differ. */
  readonly differences: readonly RunDifference[];
  /** Cells that both have. */
  readonly pairs: number;
  /** The pairs themselves, in the order of the first run. */
  readonly matched: readonly (readonly [a: StoredCell, b: StoredCell])[];
  /** Cells that only the first run has. */
  readonly onlyA: number;
  /** Cells that only the second run has. */
  readonly onlyB: number;
  /** Pairs whose pictures are byte for byte the same. */
  readonly equal: number;
  /** What both runs measured. */
  readonly columns: readonly ColumnComparison[];
}

interface Known {
  readonly cell: StoredCell;
  readonly settings: ReadonlyMap<string, unknown>;
}

/**
 * Compares two runs. What is the same in all cells of a run is a difference of the runs, and not of cells; the other settings, seed and
 * repeat decide which cells belong together.
 */
export function compareRuns(a: StoredRun, b: StoredRun): RunComparison {
  const [first, second] = [knownCells(a), knownCells(b)];
  const keys = new Set([...first, ...second].flatMap(({ settings }) => [...settings.keys()]));
  const differences: RunDifference[] = [];
  const common: string[] = [];
  for (const key of keys) {
    const [one, other] = [constant(first, key), constant(second, key)];
    if (one && other && canonicalJson(one.value ?? null) !== canonicalJson(other.value ?? null)) {
      differences.push({ key, a: one.value, b: other.value });
    } else common.push(key);
  }
  const nameOf = ({ cell: { seed, repeat, image }, settings }: Known) =>
    canonicalJson([common.map((key) => settings.get(key) ?? null), seed, repeat, image]);
  const others = new Map(second.map((known) => [nameOf(known), known.cell]));
  const pairs = first.flatMap((known) => {
    const other = others.get(nameOf(known));
    return other ? [[known.cell, other] as const] : [];
  });
  const pointOf = new Map(runPoints(b).flatMap((point) => point.cells.map(({ id }) => [id, point] as const)));
  const partners = new Map(pairs.map(([one, other]) => [one.id, other.id]));
  const points = runPoints(a).flatMap((point) => {
    const partner = pointOf.get(partners.get(point.cells[0]!.id) ?? "");
    return partner ? [[point, partner] as const] : [];
  });
  const shaOf = ({ results }: StoredRun, { id }: StoredCell) => results.pictures.get(id)?.sha256;
  const bColumns = new Map(columnsOf(b).map((column) => [column.key, column]));
  const columns = columnsOf(a).flatMap((column): ColumnComparison[] => {
    const own = pairs.flatMap(([one, other]) => numbers(column.of(one), bColumns.get(column.key)?.of(other)));
    // Metrics of sets have a number for each point alone.
    const values = own.length > 0
      ? own
      : points.flatMap(([one, other]) =>
        numbers(column.ofPoint(one)?.mean, bColumns.get(column.key)?.ofPoint(other)?.mean)
      );
    if (values.length === 0) return [];
    return [{
      column,
      a: estimate(values.map(({ x }) => x))!,
      b: estimate(values.map(({ y }) => y))!,
      // Infinities that are equal differ by nothing.
      difference: estimate(values.map(({ x, y }) => x === y ? 0 : y - x))!,
    }];
  });
  return {
    differences,
    pairs: pairs.length,
    matched: pairs,
    onlyA: first.length - pairs.length,
    onlyB: second.length - pairs.length,
    equal: pairs.filter(([one, other]) => shaOf(a, one) !== undefined && shaOf(a, one) === shaOf(b, other)).length,
    columns,
  };
}

function numbers(x: number | undefined, y: number | undefined): { x: number; y: number }[] {
  return x === undefined || y === undefined ? [] : [{ x, y }];
}

function knownCells({ plan, results }: StoredRun): Known[] {
  return plan.cells.map((cell) => ({ cell, settings: flatSettings(cell, results) }));
}

/** The value that a setting has in all cells. */
function constant(cells: readonly Known[], key: string): { value: unknown } | undefined {
  const values = new Map(cells.map(({ settings }) => [canonicalJson(settings.get(key) ?? null), settings.get(key)]));
  return values.size === 1 ? { value: [...values.values()][0] } : undefined;
}
