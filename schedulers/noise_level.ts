import type { NoiseSchedule } from "../plugins/contracts/scheduler.ts";

/** A noise level in the letters of the papers: x = a·x₀ + b·ε. */
export interface NoiseLevel {
  /** ᾱ = a². */
  readonly alphaCumprod: number;
  /** √ᾱ. */
  readonly a: number;
  /** √(1 − ᾱ). */
  readonly b: number;
  /** b/a: the noise beside data of its own size, as Karras et al. count it. */
  readonly sigma: number;
  /** ln(a/b), half the logarithm of the signal-to-noise ratio. */
  readonly lambda: number;
}

/** The noise level of a schedule at time `t`. */
export function noiseLevel({ alphaCumprod: at }: Pick<NoiseSchedule, "alphaCumprod">, t: number): NoiseLevel {
  const alphaCumprod = at(t);
  const [a, b] = [Math.sqrt(alphaCumprod), Math.sqrt(1 - alphaCumprod)];
  return { alphaCumprod, a, b, sigma: b / a, lambda: Math.log(a / b) };
}

/** ln(ᾱ / (1 − ᾱ)), the logarithm of the signal-to-noise ratio. */
export function logSnr(alphaCumprod: number): number {
  return Math.log(alphaCumprod / (1 - alphaCumprod));
}

/** The ᾱ of a logarithm of the signal-to-noise ratio: its sigmoid. */
export function alphaOfLogSnr(logSnr: number): number {
  return 1 / (1 + Math.exp(-logSnr));
}
