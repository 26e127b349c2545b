/**
 * Ratios that tell a slower toolkit from a slower machine, and their comparison with those that are committed.
 * @module
 */
import type { Provenance } from "./machine.ts";

/** What is committed: `ratios.json` beside README.md. */
export interface CommittedRatios extends Pick<Provenance, "processor" | "cores" | "commit" | "date"> {
  readonly threads: number;
  /** By name; higher is faster. */
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

/** A case as it was timed, each beside a measurement of the machine. */
export interface TimedCase {
  readonly name: string;
  /** Operations of a run. */
  readonly flops: number;
  /** Seconds of its fastest run. */
  readonly fastest: number;
  /** Operations a second of a large matrix product, the best of before and after. */
  readonly speed: number;
}

/**
 * The share of the machine's speed that each case reaches, and how many times as fast a network is in fewer bits. Fastest runs and best
 * speeds are compared: what else a machine does can only slow them down.
 */
export function ratiosOf(cases: readonly TimedCase[]): Record<string, number> {
  const shares = cases.map(({ name, flops, fastest, speed }) => [name, flops / fastest / speed] as const);
  const gains = cases.flatMap(({ name, fastest }) => {
    const [network, precision] = name.split(", ");
    const plain = precision === undefined ? undefined : cases.find((other) => other.name === network);
    return plain ? [[`${name} / fp32`, plain.fastest / fastest] as const] : [];
  });
  return Object.fromEntries([...shares, ...gains].map(([name, ratio]) => [name, Number(ratio.toPrecision(4))]));
}

/** Compares ratios with the committed ones. One that is below by more than the share `tolerance` is slower. */
export function compareRatios(
  now: Readonly<Record<string, number>>,
  { ratios }: Pick<CommittedRatios, "ratios">,
  { tolerance }: { tolerance: number },
): RatioChange[] {
  return Object.entries(now).map(([name, value]) => {
    const committed = ratios[name];
    const change = committed === undefined ? 1 : value / committed;
    return { name, committed, now: value, change, isSlower: change < 1 - tolerance };
  });
}
