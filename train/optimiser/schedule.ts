/**
 * How the learning rate changes over a training.
 * @module
 */

/** A schedule of the learning rate. */
export interface ScheduleOptions {
  /** What comes after the warm-up. */
  kind: "constant" | "cosine";
  /** Steps over which the rate rises linearly to its full value (https://arxiv.org/abs/1706.02677, §2.2). */
  warmUp?: number;
  /** Steps of the whole training; a cosine ends there. */
  steps?: number;
  /** What is left of the full rate at the end of a cosine, 0…1. */
  floor?: number;
}

/**
 * Share of the full learning rate at a step, the first one being 1.
 *
 * In the warm-up of w steps s/w; then 1, or f + (1 − f)·½·(1 + cos π·(s − w)/(n − w)) (https://arxiv.org/abs/1608.03983, eq. 5,
 * without restarts); past the end f.
 *
 * @throws {RangeError} where a cosine is given no number of steps beyond its warm-up
 */
export function learningRateFactor(step: number, { kind, warmUp = 0, steps, floor = 0 }: ScheduleOptions): number {
  if (step < warmUp) return step / warmUp;
  if (kind === "constant") return 1;
  if (steps === undefined || steps <= warmUp) {
    throw new RangeError(`Expected a cosine of more than ${warmUp} steps but found ${steps}`);
  }
  const done = Math.min((step - warmUp) / (steps - warmUp), 1);
  return floor + (1 - floor) * (1 + Math.cos(Math.PI * done)) / 2;
}
