/**
 * How long work will take on the processor of a machine of known speed.
 * @module
 */
import type { MachineSpeed } from "./machine_speed.ts";

/** Share of the speed of plain matrix products that whole networks reach, measured on two cores (`bench/README.md`). */
const efficiency = { inference: 0.85, training: 0.5 } as const;

/** Seconds that an operator costs however small it is. */
const nodeSeconds = 5e-6;

/** What is to be computed. */
export interface Work {
  /** Floating-point operations of all products. */
  readonly flops: number;
  /** Those of them that are products in 8 bits; none where left out. */
  readonly byteFlops?: number;
  /** Operators that are run. */
  readonly nodes: number;
}

/**
 * Seconds of work: its operations at the machine's speed for their kind, and a little for every operator that is run. Weights in fewer bits
 * make their own products fast and leave attention as it is.
 *
 * @param options.speed see {@linkcode measureSpeed}
 */
export function forecastSeconds(
  { flops, byteFlops = 0, nodes }: Work,
  { speed, kind }: { speed: MachineSpeed; kind: keyof typeof efficiency },
): number {
  const products = (flops - byteFlops) / speed.float + byteFlops / speed.byte;
  return products / efficiency[kind] + nodes * nodeSeconds;
}
