/** Four words of 32 bits: a counter, or the block of random bits that belongs to it. */
export type Words4 = readonly [number, number, number, number];

/**
 * Philox4x32-10: random bits as a function of a counter and a key, with no state, so that any block can be made alone.
 *
 * Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (2011), section 4.3.
 *
 * @param counter four words, each 0 … 2^32 − 1, the lowest first
 * @param key two words, the lower first
 * @example
 * ```ts
 * import { philox4x32 } from "./philox.ts";
 * if (philox4x32([0, 0, 0, 0], [0, 0])[0] !== 0x6627e8d5) throw new Error("first word of the authors' test vector");
 * ```
 */
export function philox4x32(counter: Words4, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = highWord(0xd2511f53, c0);
    const high1 = highWord(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper 32 bits of the product of two words; halves of `b` keep every step exact in a double. */
function highWord(a: number, b: number): number {
  return Math.floor((a * (b >>> 16) + Math.floor(a * (b & 0xffff) / 65536)) / 65536);
}
