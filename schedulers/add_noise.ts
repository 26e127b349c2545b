import type { NoiseSchedule } from "../plugins/contracts/scheduler.ts";

const f32 = Math.fround;

/**
 * Mixes clean samples with noise so that they stand at time `t`: √ᾱ·sample + √(1 − ᾱ)·noise (Ho, Jain and Abbeel 2020, eq. 4), rounded as
 * `add_noise` of diffusers' `DDPMWuerstchenScheduler`.
 *
 * @throws {RangeError} where the arrays differ in length
 */
export function addNoise(
  { sample, noise }: { sample: Float32Array; noise: Float32Array },
  { t, schedule }: { t: number; schedule: NoiseSchedule },
): Float32Array {
  if (sample.length !== noise.length) {
    throw new RangeError(`Expected arrays of one length but found sample ${sample.length}, noise ${noise.length}`);
  }
  const now = schedule.alphaCumprod32(t);
  const [signal, sigma] = [f32(Math.sqrt(now)), f32(Math.sqrt(f32(1 - now)))];
  return sample.map((x, i) => f32(signal * x) + f32(sigma * noise[i]!));
}
