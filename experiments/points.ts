/**
 * Points: cells that differ in nothing but seed, repeat and what is averaged over.
 * @module
 */
import { canonicalJson } from "./picture_id.ts";
import type { Assignment } from "./sweep.ts";

/** What points are made of. */
export interface Swept {
  /** Values of the swept keys. */
  readonly swept: Assignment;
}

/** Cells whose measurements belong together. */
export interface Point<C extends Swept> {
  /** Values of the swept keys that are not averaged over. */
  readonly swept: Assignment;
  /** Those that are averaged over. */
  readonly cells: readonly C[];
}

/** Groups cells, in their order. */
export function pointsOf<C extends Swept>(
  cells: readonly C[],
  { average }: { average: readonly string[] },
): Point<C>[] {
  const kept = ({ swept }: Swept) =>
    Object.fromEntries(Object.entries(swept).filter(([key]) => !average.includes(key)));
  const groups = Map.groupBy(cells, (cell) => canonicalJson(kept(cell)));
  return [...groups.values()].map((cells) => ({ swept: kept(cells[0]!), cells }));
}
