/**
 * bfloat16 is the upper half of a float32; JavaScript has no type for it, so tensors hold its bits.
 * @module
 */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/**
 * Rounds a number to float32 and then to bfloat16 (to nearest, ties to even), and returns the 16 bits.
 *
 * NaN becomes 0x7fc0, as in torch ({@link https://github.com/pytorch/pytorch/blob/main/c10/util/BFloat16.h c10/util/BFloat16.h}).
 */
export function bfloat16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  float[0] = value;
  const word = bits[0]!;
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

/** The number that 16 bits of bfloat16 stand for. */
export function bfloat16Value(half: number): number {
  bits[0] = half << 16;
  return float[0]!;
}
