/**
 * Which combinations training never sees, so that an evaluation can ask for them.
 * @module
 */

/** A rule: of `modulo` combinations about one is held out. */
export interface HoldOut {
  /** An integer of at least 2. */
  readonly modulo: number;
  /** Which one, 0 to modulo − 1. Default 0. */
  readonly remainder?: number;
}

/**
 * Whether a combination is held out: the hash of its parts modulo `modulo` is `remainder`.
 *
 * The hash is FNV-1a with 32 bits of the UTF-8 of the parts, each behind a line feed, mixed as MurmurHash3 finishes
 * ({@link https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp fmix32}). A drawing on a background has the parts
 * caption and colour.
 *
 * @throws {RangeError} where the rule's numbers are out of their ranges
 * @example
 * ```ts
 * import { isHeldOut } from "./hold_out.ts";
 * if (isHeldOut(["red apple, flat", "teal"], { modulo: 10 })) console.log("training does not see this pair");
 * ```
 */
export function isHeldOut(parts: readonly string[], { modulo, remainder = 0 }: HoldOut): boolean {
  if (!Number.isInteger(modulo) || modulo < 2 || !Number.isInteger(remainder) || remainder < 0 || remainder >= modulo) {
    throw new RangeError(`Expected modulo of at least 2 and a remainder below it but found ${modulo} and ${remainder}`);
  }
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(parts.map((part) => `\n${part}`).join(""))) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % modulo === remainder;
}
