import { ConfigError } from "../errors.ts";
import type { Scheduler } from "./scheduler.ts";

/** Settings of {@linkcode ddpmWuerstchen}, by the names of `scheduler_config.json`. */
export interface DdpmWuerstchenOptions {
  /** Offset that keeps the schedule from starting at a noise of 0; greater than or equal to 0. Default 0.008. */
  s?: number;
  /** Bends time: above 1 more noise at every t, below 1 less; greater than 0. Default 1. */
  scaler?: number;
}

/**
 * DDPM with the continuous cosine schedule of Würstchen, whose networks predict the noise ε.
 *
 * With t' = 1 − (1 − t)^scaler for a scaler above 1, and t^scaler otherwise:
 *
 *     ᾱ(t) = clamp(cos²(π/2 · (t' + s) / (1 + s)) / cos²(π/2 · s / (1 + s)), 0.0001, 0.9999)     (Nichol and Dhariwal 2021, eq. 17)
 *     α = ᾱ(t) / ᾱ(tPrev)
 *     μ = √(1/α) · (x − (1 − α) · ε / √(1 − ᾱ(t)))                                                (Ho, Jain and Abbeel 2020, eq. 11)
 *     x_prev = μ + √((1 − α) · (1 − ᾱ(tPrev)) / (1 − ᾱ(t))) · noise,  without noise at tPrev = 0  (ibid., eq. 6 and 7)
 *
 * Every operation is rounded to float32 in the order of diffusers'
 * {@link https://github.com/huggingface/diffusers/blob/v0.39.0/src/diffusers/schedulers/scheduling_ddpm_wuerstchen.py DDPMWuerstchenScheduler},
 * because the first step multiplies by up to 100 and with it every rounding error. What remains is the last bit of torch's own float32 `cos` and
 * `sqrt`, which are not rounded correctly on every machine.
 *
 * @throws {ConfigError} where an option is out of its range
 * @example
 * ```ts
 * import { ddpmWuerstchen } from "./ddpm_wuerstchen.ts";
 * const { timesteps, alphaCumprod } = ddpmWuerstchen();
 * const signal = Array.from(timesteps(4), alphaCumprod); // ᾱ rises from 0.0001 at t = 1 to 0.9999 at t = 0
 * if (signal[0] !== Math.fround(0.0001) || signal[4] !== Math.fround(0.9999)) throw new Error("clamped at both ends");
 * ```
 */
export function ddpmWuerstchen({ s = 0.008, scaler = 1 }: DdpmWuerstchenOptions = {}): Scheduler {
  if (!(s >= 0 && s < Infinity)) throw new ConfigError(`Expected s of the scheduler to be 0 or greater but found ${s}`);
  if (!(scaler > 0 && scaler < Infinity)) {
    throw new ConfigError(`Expected scaler of the scheduler to be greater than 0 but found ${scaler}`);
  }
  const offset = f32(s);
  const start = squaredCosine(f32(offset / f32(1 + offset)));

  function alphaCumprod(t: number): number {
    const bent = bend(f32(t), scaler);
    const alpha = f32(squaredCosine(f32(f32(bent + offset) / f32(1 + offset))) / start);
    return Math.min(Math.max(alpha, f32(0.0001)), f32(0.9999));
  }

  return {
    name: "ddpm-wuerstchen",
    timesteps,
    previousTimestep,
    alphaCumprod,

    step({ modelOutput, sample, t, tPrev, noise }) {
      sameLength({ modelOutput, sample, noise });
      const now = alphaCumprod(t);
      const before = alphaCumprod(tPrev);
      const alpha = f32(now / before);
      const scale = f32(Math.sqrt(f32(1 / alpha)));
      const removed = f32(1 - alpha);
      const deviation = f32(Math.sqrt(f32(1 - now)));
      const variance = f32(f32(removed * f32(1 - before)) / f32(1 - now));
      const sigma = f32(tPrev) === 0 ? 0 : f32(Math.sqrt(variance));
      return sample.map((x, i) => {
        const mu = f32(scale * f32(x - f32(f32(removed * modelOutput[i]!) / deviation)));
        return sigma === 0 ? mu : mu + f32(sigma * noise[i]!);
      });
    },

    addNoise(sample, noise, t) {
      sameLength({ sample, noise });
      const now = alphaCumprod(t);
      const signal = f32(Math.sqrt(now));
      const sigma = f32(Math.sqrt(f32(1 - now)));
      return sample.map((x, i) => f32(signal * x) + f32(sigma * noise[i]!));
    },
  };
}

const f32 = Math.fround;
const maxSteps = 1_000_000;

/** cos²(π/2 · x) with torch's float32 roundings. */
function squaredCosine(x: number): number {
  const cosine = f32(Math.cos(f32(f32(x * f32(Math.PI)) * 0.5)));
  return f32(cosine * cosine);
}

function bend(t: number, scaler: number): number {
  if (scaler > 1) return f32(1 - f32(f32(1 - t) ** scaler));
  return scaler < 1 ? f32(t ** scaler) : t;
}

/** As `torch.linspace(1, 0, n + 1)`: each half counts from its own end, and product and sum round once together. */
function timesteps(n: number): Float32Array {
  if (!(Number.isInteger(n) && n >= 1 && n <= maxSteps)) {
    throw new ConfigError(`Expected steps to be an integer from 1 to ${maxSteps} but found ${n}`);
  }
  const stride = f32(-1 / n);
  const half = Math.floor((n + 1) / 2);
  return Float32Array.from({ length: n + 1 }, (_, i) => i < half ? 1 + stride * i : 0 - stride * (n - i));
}

function previousTimestep(timesteps: ArrayLike<number>, t: number): number {
  let nearest = 0;
  let distance = Infinity;
  for (let i = 0; i < timesteps.length; i++) {
    const gap = Math.abs(f32(f32(timesteps[i]!) - f32(t)));
    if (gap < distance) [nearest, distance] = [i, gap];
  }
  const previous = timesteps[nearest + 1];
  if (previous === undefined) throw new RangeError(`Expected a timestep before the last of the list but found ${t}`);
  return f32(previous);
}

function sameLength(arrays: Record<string, Float32Array>): void {
  const lengths = Object.entries(arrays).map(([name, { length }]) => `${name} ${length}`);
  const [first, ...others] = Object.values(arrays);
  if (others.some(({ length }) => length !== first!.length)) {
    throw new RangeError(`Expected arrays of one length but found ${lengths.join(", ")}`);
  }
}
