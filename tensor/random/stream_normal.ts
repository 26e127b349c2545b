import { philox4x32 } from "./philox.ts";

/** Names one stream of noise: the tensor that one step of one stage adds to one image. */
export interface NoiseStream {
  /** Seed of the run: an integer, of which the low 64 bits count. */
  seed: number | bigint;
  /** Index of the image in the run, 0 … 2^32 − 1. */
  image: number;
  /** 0 for the prior (Stage C), 1 for the decoder (Stage B). */
  stage: number;
  /** 0 for the initial latents, i + 1 for the noise of step i. */
  step: number;
}

/**
 * Draws `count` standard normals that depend on nothing but the stream and their own index.
 *
 * The noise of an image is therefore bit for bit the same alone, in any batch and in any order, and a shorter tensor is the beginning of a longer
 * one. Elements 4i … 4i + 3 come from {@linkcode philox4x32} with key = seed (low word, high word) and counter = (i, step, stage, image): its
 * words w0 … w3 give √(−2 ln u) · cos(2πv) and √(−2 ln u) · sin(2πv) with u = (w0 + 1) / 2^32 in (0, 1] and v = w1 / 2^32, and the
 * same of w2 and w3 (Box and Muller, 1958), computed in double precision and rounded once to float32.
 *
 * @throws {RangeError} where the seed is not a safe integer or a bigint, or an index is not an integer of 0 … 2^32 − 1
 * @example
 * ```ts
 * import { streamNormal } from "./stream_normal.ts";
 * const noise = streamNormal({ seed: 7, image: 2, stage: 0, step: 1 }, 16 * 24 * 24);
 * if (noise.length !== 9216) throw new Error("one value for each latent");
 * ```
 */
export function streamNormal({ seed, image, stage, step }: NoiseStream, count: number): Float32Array {
  if (typeof seed === "number" && !Number.isSafeInteger(seed)) {
    throw new RangeError(`Expected seed to be a safe integer or a bigint but found ${seed}`);
  }
  for (const [name, value] of Object.entries({ image, stage, step, count })) {
    if (value !== value >>> 0) {
      throw new RangeError(`Expected ${name} to be an integer of 0 to 2^32 - 1 but found ${value}`);
    }
  }
  const words = BigInt(seed);
  const key = [Number(BigInt.asUintN(32, words)), Number(BigInt.asUintN(32, words >> 32n))] as const;
  const noise = new Float32Array(count);
  for (let block = 0; 4 * block < count; block++) {
    const bits = philox4x32([block, step, stage, image], key);
    for (let half = 0; half < 4; half += 2) {
      const radius = Math.sqrt(-2 * Math.log((bits[half]! + 1) / 2 ** 32));
      const theta = 2 * Math.PI * (bits[half + 1]! / 2 ** 32);
      // A write past the end of a typed array does nothing, which cuts the last block.
      noise[4 * block + half] = radius * Math.cos(theta);
      noise[4 * block + half + 1] = radius * Math.sin(theta);
    }
  }
  return noise;
}
