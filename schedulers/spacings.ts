/**
 * Which times a run visits, as orthogonal choices: a spacing, and a shift of its log-SNR.
 * @module
 */
import type { NoiseSchedule } from "../plugins/contracts/scheduler.ts";
import { alphaOfLogSnr, logSnr } from "./noise_level.ts";
import { uniformTimesteps } from "./timesteps.ts";

type Spacing = (n: number, schedule: NoiseSchedule) => ArrayLike<number>;

/** n + 1 even steps of a function of ᾱ between the ends of a schedule, as times. */
function between(
  n: number,
  schedule: NoiseSchedule,
  { of, back }: { of: (alphaCumprod: number) => number; back: (value: number) => number },
): number[] {
  const [first, last] = [of(schedule.alphaCumprod(1)), of(schedule.alphaCumprod(0))];
  // uniformTimesteps() refuses an n that is none.
  return Array.from(uniformTimesteps(n), (_, i) => schedule.timeOf(back(first + (last - first) * i / n)));
}

/** ρ of Karras et al. */
const rho = 7;
const sigmaOf = (alphaCumprod: number) => Math.sqrt((1 - alphaCumprod) / alphaCumprod);

/** The name of a spacing. */
export type SpacingName = "uniform" | "log-snr" | "karras";

/** The spacings by name; each gives the n + 1 times of n steps. */
const spacings = {
  /** Even times from 1 to 0. */
  uniform: (n) => uniformTimesteps(n),
  /** Even steps of the log-SNR between the ends of the schedule (Lu et al. 2022, https://arxiv.org/abs/2206.00927, section 3.3). */
  "log-snr": (n, schedule) => between(n, schedule, { of: logSnr, back: alphaOfLogSnr }),
  /** Even steps of σ^(1/7) between the ends of the schedule (Karras et al. 2022, https://arxiv.org/abs/2206.00364, eq. 5). */
  karras: (n, schedule) =>
    between(n, schedule, {
      of: (alphaCumprod) => sigmaOf(alphaCumprod) ** (1 / rho),
      back: (root) => 1 / (1 + root ** (2 * rho)),
    }),
} as const satisfies Record<SpacingName, Spacing>;

/** The names of all spacings. */
export const spacingNames: readonly SpacingName[] = Object.keys(spacings) as SpacingName[];

/**
 * The n + 1 times of n steps.
 *
 * @throws {ConfigError} where `n` is not an integer from 1 to 1000000
 */
export function spacedTimesteps(n: number, { spacing, schedule }: { spacing: SpacingName; schedule: NoiseSchedule }) {
  return spacings[spacing](n, schedule);
}

/**
 * Moves times to where the log-SNR is lower by 2·ln(shift) (Hoogeboom, Heek and Salimans 2023, https://arxiv.org/abs/2301.11093, section 3.1):
 * above 1 more steps are spent on noise, as larger latents need. The log-SNR stays within the schedule's ends, so times may
 * repeat there. As `CosineSchedule` and `CosineTNoiseCond` of Stable Cascade's official `gdf`.
 */
export function shiftTimes(
  times: ArrayLike<number>,
  { shift, schedule }: { shift: number; schedule: NoiseSchedule },
): number[] {
  const by = 2 * Math.log(shift);
  return Array.from(times, (t) => schedule.timeOf(alphaOfLogSnr(logSnr(schedule.alphaCumprod(t)) - by)));
}
