/**
 * How long work will take on a machine of known speed.
 * @module
 */

/** Share of the speed of plain matrix products that whole networks reach, measured on two cores (`bench/README.md`). */
const efficiency = { inference: 0.85, training: 0.5 } as const;

/** Seconds that an operator costs however small it is. */
const nodeSeconds = 5e-6;

/**
 * Seconds of work: its floating-point operations at the machine's speed, and a little for every operator that is run.
 *
 * @param options.speed floating-point operations a second, see {@linkcode measureSpeed}
 */
export function forecastSeconds(
  { flops, nodes }: { flops: number; nodes: number },
  { speed, kind }: { speed: number; kind: keyof typeof efficiency },
): number {
  return flops / (speed * efficiency[kind]) + nodes * nodeSeconds;
}
