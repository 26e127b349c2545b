/**
 * Sinusoidal embedding of the timestep (`gen_r_embedding` of diffusers' `modeling_wuerstchen_prior.py` and
 * `modeling_wuerstchen_diffnext.py`).
 * @module
 */
import { z } from "zod";
import { cast, concat, constant, cos, GraphError, mul, reshape, sin, type Value } from "../onnx/mod.ts";

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
 * Phases reach 10000 rad, so their rounding matters: 10000·r and its product with f are rounded to float32, as in torch,
 * and only sine and cosine run in float64, or in what `singlePrecisionAngles()` makes of it where a runtime has none.
 */
export function timestepEmbedding(r: Value, { channels }: { channels: number }): Value {
  const half = Math.floor(channels / 2);
  const zero = mul(reshape(r, [r.dim(0), 1]), 0);
  if (channels === 1) return zero;
  if (half < 2) throw new GraphError(`Expected c_r to be 1 or at least 4 but found ${channels}`);
  const frequencies = constant("float32", [1, half], timestepFrequencies(half));
  const phases = cast(mul(reshape(mul(r, maxPositions), [r.dim(0), 1]), frequencies), "float64");
  const waves = [cast(sin(phases), "float32"), cast(cos(phases), "float32")];
  if (channels % 2 === 1) waves.push(zero);
  return concat(waves, { axis: 1 });
}
