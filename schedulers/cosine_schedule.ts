import { ConfigError } from "../errors.ts";
import type { NoiseSchedule } from "../plugins/contracts/scheduler.ts";

/** Settings of {@linkcode cosineSchedule}, by the names of `scheduler_config.json`. */
export interface CosineScheduleOptions {
  /** Offset that keeps the schedule from starting at a noise of 0; greater than or equal to 0. Default 0.008. */
  s?: number | undefined;
  /** Bends time: above 1 more noise at every t, below 1 less; greater than 0. Default 1. */
  scaler?: number | undefined;
}

/** The limits of ᾱ: the data is never quite lost, and never quite found. */
export const alphaLimits = { min: 0.0001, max: 0.9999 } as const;

/**
 * The continuous cosine schedule of Würstchen.
 *
 * With t' = 1 − (1 − t)^scaler for a scaler above 1, and t^scaler otherwise:
 *
 *     ᾱ(t) = clamp(cos²(π/2 · (t' + s) / (1 + s)) / cos²(π/2 · s / (1 + s)), 0.0001, 0.9999)     (Nichol and Dhariwal 2021, eq. 17)
 *
 * The order of operations is that of diffusers'
 * {@link https://github.com/huggingface/diffusers/blob/v0.39.0/src/diffusers/schedulers/scheduling_ddpm_wuerstchen.py DDPMWuerstchenScheduler};
 * the inverse is `noise_cond` of Stable Cascade's official `gdf`.
 *
 * @throws {ConfigError} where an option is out of its range
 * @example
 * ```ts
 * import { cosineSchedule } from "./cosine_schedule.ts";
 * const { alphaCumprod, timeOf } = cosineSchedule();
 * if (alphaCumprod(1) !== 0.0001 || Math.abs(timeOf(alphaCumprod(0.5)) - 0.5) > 1e-9) throw new Error("clamped, and inverted");
 * ```
 */
export function cosineSchedule(options: CosineScheduleOptions = {}): NoiseSchedule {
  const { s = 0.008, scaler = 1 } = options;
  if (!(s >= 0 && s < Infinity)) throw new ConfigError(`Expected s of the scheduler to be 0 or greater but found ${s}`);
  if (!(scaler > 0 && scaler < Infinity)) {
    throw new ConfigError(`Expected scaler of the scheduler to be greater than 0 but found ${scaler}`);
  }
  const exact = curve({ s, scaler, round: (x) => x });
  const rounded = curve({ s, scaler, round: Math.fround });
  return {
    alphaCumprod: exact.alphaCumprod,
    alphaCumprod32: rounded.alphaCumprod,
    timeOf(alphaCumprod) {
      const angle = Math.acos(Math.sqrt(clamp(alphaCumprod) * exact.start));
      const bent = Math.max(0, angle / (Math.PI / 2) * (1 + s) - s);
      const t = scaler > 1 ? 1 - (1 - bent) ** (1 / scaler) : bent ** (1 / scaler);
      return Math.min(1, Math.max(0, t));
    },
  };
}

function clamp(alphaCumprod: number): number {
  return Math.min(Math.max(alphaCumprod, alphaLimits.min), alphaLimits.max);
}

/** ᾱ, with every operation rounded in the order in which torch rounds. */
function curve({ s, scaler, round }: { s: number; scaler: number; round: (value: number) => number }) {
  const offset = round(s);
  const [least, most] = [round(alphaLimits.min), round(alphaLimits.max)];
  const start = squaredCosine(round(offset / round(1 + offset)));

  /** cos²(π/2 · x). */
  function squaredCosine(x: number): number {
    const cosine = round(Math.cos(round(round(x * round(Math.PI)) * 0.5)));
    return round(cosine * cosine);
  }

  function bend(t: number): number {
    if (scaler > 1) return round(1 - round(round(1 - t) ** scaler));
    return scaler < 1 ? round(t ** scaler) : t;
  }

  function alphaCumprod(t: number): number {
    const bent = bend(round(t));
    const alpha = round(squaredCosine(round(round(bent + offset) / round(1 + offset))) / start);
    return Math.min(Math.max(alpha, least), most);
  }

  return { start, alphaCumprod };
}
