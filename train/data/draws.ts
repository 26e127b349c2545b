/**
 * The random choices that are made for a sample.
 * @module
 */
import { philox4x32 } from "../../tensor/random/philox.ts";
import type { OrderState } from "./order.ts";

/** Uniform numbers in [0, 1). */
export interface SampleDraws {
  /** Where a random crop lies, left to right. */
  readonly cropX: number;
  /** Where a random crop lies, top to bottom. */
  readonly cropY: number;
  /** Whether the picture is mirrored. */
  readonly flip: number;
  /** Which background is laid under it. */
  readonly background: number;
}

/**
 * The choices for one place of the order: a function of seed, epoch and position alone, so that a resumed run makes the same ones.
 *
 * The words of {@linkcode philox4x32} with key = seed (low word, high word) and counter = (position, epoch, 0, 0) over 2^32.
 */
export function drawsOf({ epoch, position }: OrderState, { seed }: { seed: number }): SampleDraws {
  const bits = BigInt(seed);
  const key = [Number(BigInt.asUintN(32, bits)), Number(BigInt.asUintN(32, bits >> 32n))] as const;
  const [cropX, cropY, flip, background] = philox4x32([position >>> 0, epoch >>> 0, 0, 0], key).map((w) => w / 2 ** 32);
  return { cropX: cropX!, cropY: cropY!, flip: flip!, background: background! };
}
