/**
 * What goes across a grid and what down: chosen by what was swept.
 * @module
 */
import { imageLabel } from "../labels.ts";
import { canonicalJson } from "../picture_id.ts";
import type { StoredCell, StoredPlan } from "../stored_plan.ts";

/** Something that changes from cell to cell: a swept key, `seed`, or `picture`, the place in a draw. */
export type Dimension = string;

/** How a run is laid out. */
export interface Layout {
  /** Across. */
  readonly x: Dimension | undefined;
  /** Down. */
  readonly y: Dimension | undefined;
  /** The others: a grid for each of their values. */
  readonly facets: readonly Dimension[];
  /** Across charts: a key that is not averaged over. */
  readonly chartX: Dimension | undefined;
  /** The other keys that are not averaged over: a curve for each of their values. */
  readonly curves: readonly Dimension[];
}

/** A cell's value. */
export function valueIn(cell: StoredCell, dimension: Dimension): unknown {
  if (dimension === "seed") return cell.seed;
  return dimension === "picture" ? imageLabel(cell) : cell.swept[dimension];
}

/** The different values of a dimension, in the order of the cells. */
export function valuesIn(cells: readonly StoredCell[], dimension: Dimension): unknown[] {
  const all = new Map(cells.map((cell) => {
    const value = valueIn(cell, dimension);
    return [canonicalJson(value ?? null), value];
  }));
  return [...all.values()];
}

/** Chooses axes: those that were asked for; else the key that changes fastest across, and the one before it down. */
export function layoutOf({ swept, average, axes, cells }: StoredPlan): Layout {
  const changes = (dimension: Dimension) => valuesIn(cells, dimension).length > 1;
  const compared = swept.filter((key) => !average.includes(key)).filter(changes);
  const averaged = [...swept.filter((key) => average.includes(key)), "seed", "picture"].filter(changes);
  // The last ones are chosen first.
  const order = [...averaged.toReversed(), ...compared];
  const take = (wanted: Dimension | undefined, taken?: Dimension) =>
    wanted !== undefined && wanted !== taken ? wanted : order.findLast((dimension) => dimension !== taken);
  const x = take(axes.x, axes.y);
  const y = take(axes.y, x);
  const chartX = x !== undefined && compared.includes(x) ? x : compared.at(-1);
  return {
    x,
    y,
    facets: order.filter((dimension) => dimension !== x && dimension !== y),
    chartX,
    curves: compared.filter((dimension) => dimension !== chartX),
  };
}
