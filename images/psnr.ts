/**
 * How far a picture is from another, in decibels.
 * @module
 */

/**
 * Peak signal-to-noise ratio in dB: 10·log₁₀(peak² / mean squared difference), `Infinity` where nothing differs.
 *
 * @param options.peak the largest value of a sample: 255 for bytes; default 1
 * @throws {RangeError} where the pictures do not have the same number of samples, or none
 */
export function psnr(one: ArrayLike<number>, other: ArrayLike<number>, { peak = 1 }: { peak?: number } = {}): number {
  const { length } = one;
  if (length !== other.length || length === 0) {
    throw new RangeError(`Expected two pictures of as many samples but found ${length} and ${other.length}`);
  }
  let sum = 0;
  for (let i = 0; i < length; i++) sum += (one[i]! - other[i]!) ** 2;
  return 10 * Math.log10(peak ** 2 * length / sum);
}
