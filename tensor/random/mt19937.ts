const size = 624;
const shift = 397;

/**
 * Mersenne Twister MT19937: 32-bit words with a period of 2^19937 − 1.
 *
 * Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random number generator" (1998), with
 * their `init_genrand` seeding of 2002, as in C++'s `std::mt19937` and torch's `MT19937RNGEngine.h`.
 *
 * @example
 * ```ts
 * import { Mt19937 } from "./mt19937.ts";
 * if (new Mt19937(5489).next() !== 3499211612) throw new Error("std::mt19937's first word");
 * ```
 */
export class Mt19937 {
  #words = new Uint32Array(size);
  #position = size;

  /** @param seed an integer of 0 … 2^32 − 1 */
  constructor(seed: number) {
    const words = this.#words;
    words[0] = seed;
    for (let i = 1; i < size; i++) {
      const previous = words[i - 1]!;
      words[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** Number of words in the state. */
  static readonly size: number = size;

  /** Makes an engine that continues from a state: a copy of `words` and the `position` (0 … 624) of the next word in them. */
  static from({ words, position }: { words: Uint32Array; position: number }): Mt19937 {
    const engine = new Mt19937(0);
    engine.#words = words.slice();
    engine.#position = position;
    return engine;
  }

  /** A copy of the 624 words of the state. */
  get words(): Uint32Array {
    return this.#words.slice();
  }

  /** How many of the present 624 words have been given out. */
  get position(): number {
    return this.#position;
  }

  /** The next word, 0 … 2^32 − 1. */
  next(): number {
    if (this.#position === size) this.#twist();
    let word = this.#words[this.#position++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #twist(): void {
    const words = this.#words;
    for (let i = 0; i < size; i++) {
      const following = i + 1 < size ? i + 1 : 0;
      const far = i + shift < size ? i + shift : i + shift - size;
      const mixed = (words[i]! & 0x80000000) | (words[following]! & 0x7fffffff);
      words[i] = words[far]! ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    this.#position = 0;
  }
}
