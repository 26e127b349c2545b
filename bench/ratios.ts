/**
 * Ratios that tell a slower toolkit from a slower machine, and their comparison with those that are committed.
 * @module
 */
import type { Provenance } from "./machine.ts";

/** What is committed: `ratios.json` beside README.md. */
export interface CommittedRatios extends Pick<Provenance, "processor" | "cores" | "commit" | "date"> {
  /** How often each network runs while the reference work runs once. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** A ratio then and now. */
export interface RatioChange {
  readonly name: string;
  readonly committed: number | undefined;
  readonly now: number;
  /** now / committed; 1 where there is nothing to compare with. */
  readonly change: number;
  readonly isSlower: boolean;
}

/** Compares ratios with the committed ones. One that is below by more than the share `tolerance` is slower. */
export function compareRatios(
  now: Readonly<Record<string, number>>,
  { ratios }: Pick<CommittedRatios, "ratios">,
  { tolerance }: { tolerance: number },
): RatioChange[] {
  return Object.entries(now).map(([name, ratio]) => {
    const committed = ratios[name];
    const change = committed === undefined ? 1 : ratio / committed;
    return { name, committed, now: ratio, change, isSlower: change < 1 - tolerance };
  });
}
