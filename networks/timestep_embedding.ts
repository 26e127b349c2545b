/**
 * Sinusoidal embedding of the timestep (`gen_r_embedding` of diffusers' `modeling_wuerstchen_prior.py` and
 * `modeling_wuerstchen_diffnext.py`).
 * @module
 */
import { z } from "zod";
import { add, concat, constant, floor, GraphError, mul, type Operand, reshape, sub, type Value } from "../onnx/mod.ts";

const maxPositions = 10_000;

/** `c_r` of a `config.json`. At 2 and 3 the frequencies would divide by zero; at 1 the embedding is a zero. */
export const embeddingWidth: z.ZodNumber = z.int().positive().refine(
  (width) => width === 1 || width >= 4,
  "Expected 1, or a number greater than 3",
);

/**
 * Where torch's float32 exponential is off by one unit in the last place: `half: [k, direction]`, for c_r up to 131 and for
 * 144, 160, 192, 256, 320, 384 and 512. Beyond, about one frequency in a hundred is one unit away from torch's.
 *
 * Measured with torch 2.15 (x86, AVX2 and AVX-512 alike) against the correctly rounded value. One such unit moves an output
 * of the networks by 1e-5, which is ten times what float32 rounding does to the rest of them.
 */
const roundings: Readonly<Record<number, readonly (readonly [number, number])[]>> = {
  12: [[4, 1]],
  19: [[11, 1]],
  23: [[8, 1]],
  24: [[8, -1]],
  32: [[24, -1]],
  33: [[3, 1]],
  36: [[26, 1]],
  37: [[22, 1]],
  39: [[27, 1]],
  40: [[14, -1]],
  44: [[39, -1]],
  45: [[16, 1]],
  46: [[32, 1]],
  47: [[13, -1], [16, -1]],
  49: [[29, -1]],
  55: [[15, 1], [41, 1]],
  56: [[20, 1]],
  58: [[47, 1]],
  59: [[35, 1]],
  63: [[48, -1]],
  65: [[6, 1], [53, 1]],
  72: [[10, -1], [31, -1], [60, 1]],
  80: [[48, 1]],
  96: [[36, -1]],
  128: [[4, -1]],
  192: [[38, 1], [59, 1], [150, -1]],
  256: [[59, -1], [74, -1], [126, 1], [141, 1]],
};

/**
 * The frequencies f_k = exp(−ln(10000)·k / (half − 1)), in float32 as torch computes them: the argument is rounded before the
 * exponential.
 */
export function timestepFrequencies(half: number): Float32Array {
  const step = Math.fround(-(Math.log(maxPositions) / (half - 1)));
  const frequencies = Float32Array.from({ length: half }, (_, k) => Math.exp(Math.fround(k * step)));
  const bits = new Int32Array(frequencies.buffer);
  for (const [k, direction] of roundings[half] ?? []) bits[k]! += direction;
  return frequencies;
}

/**
 * [sin(10000·r·f), cos(10000·r·f)] for each timestep r in 0…1: [b] → [b, channels]; an odd width ends with a zero.
 *
 * Phases reach 10000 rad, so their rounding matters: 10000·r and its product with f are rounded to float32, as in torch.
 */
export function timestepEmbedding(r: Value, { channels }: { channels: number }): Value {
  const half = Math.floor(channels / 2);
  const zero = mul(reshape(r, [r.dim(0), 1]), 0);
  if (channels === 1) return zero;
  if (half < 2) throw new GraphError(`Expected c_r to be 1 or at least 4 but found ${channels}`);
  const frequencies = timestepFrequencies(half);
  const row = (values: readonly number[]) => constant("float32", [1, 2 * half], Float32Array.from(values));
  const phases = mul(reshape(mul(r, maxPositions), [r.dim(0), 1]), row([...frequencies, ...frequencies]));
  // cos p = sin(p + π/2)
  const quarter = row(Array.from({ length: 2 * half }, (_, i) => i < half ? 0 : Math.PI / 2));
  const waves = sineOf(phases, { ahead: quarter });
  return channels % 2 === 1 ? concat([waves, zero], { axis: 1 }) : waves;
}

/** π in three parts: of the first two, any multiple below 2¹² is a float32. */
const halfTurn = [3.140625, 0.0009677410125732422, -8.742277657347586e-8] as const;

/** sin x / x as a polynomial of x², within 4e-9 from −π/2 to π/2 (least squares on Chebyshev's points). */
const sinePolynomial = [
  1,
  -0.1666666716337204,
  0.008333329111337662,
  -0.00019840680761262774,
  2.751786269072909e-6,
  -2.3778753188707924e-8,
] as const;

/**
 * sin(p + s) of phases p from 0 to 12000 and shifts s up to π/2, within 2.2e-7, out of sums and products of float32 alone: WebAssembly and
 * graphics cards have nothing wider, and WebGPU promises three digits of its own sine.
 *
 * W. J. Cody and W. Waite's reduction (Software Manual for the Elementary Functions, 1980): with k = ⌊(p + s) / π + ½⌋ and x = p + s − kπ,
 * sin(p + s) = (−1)ᵏ·sin x; p − k·π₀ − k·π₁ is exact.
 */
function sineOf(p: Value, { ahead }: { ahead: Value }): Value {
  const k = floor(add(mul(add(p, ahead), 1 / Math.PI), 0.5));
  const exact = sub(sub(p, mul(k, halfTurn[0])), mul(k, halfTurn[1]));
  const x = sub(exact, sub(mul(k, halfTurn[2]), ahead));
  const square = mul(x, x);
  const [highest, ...lower] = sinePolynomial.toReversed();
  const ratio = lower.reduce<Operand>((sum, factor) => add(mul(square, sum), factor), highest!) as Value;
  const sign = sub(add(mul(floor(mul(k, 0.5)), 4), 1), mul(k, 2));
  return mul(mul(ratio, x), sign);
}
