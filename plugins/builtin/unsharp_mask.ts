import { checkPixels, type Pixels } from "../../images/pixels.ts";

/** How a picture is sharpened. */
export interface UnsharpMaskOptions {
  /** Standard deviation of the blur in pixels. */
  readonly radius: number;
  /** How much of the difference from the blur is added. */
  readonly amount: number;
  /** Least difference, of 0 to 255, that is added. */
  readonly threshold: number;
}

/**
 * Sharpens a picture: x + amount·(x − blur(x)) where the difference exceeds the threshold. The blur is a Gaussian, cut at four deviations
 * as in SciPy's `gaussian_filter`, over a picture whose outermost pixels go on for ever. Alpha stays as it is.
 *
 * @throws {RangeError} where sizes and data do not fit together
 */
export function unsharpMask(picture: Pixels, { radius, amount, threshold }: UnsharpMaskOptions): Pixels {
  checkPixels(picture);
  const { width, height, channels, data } = picture;
  const weights = gaussian(radius);
  const across = blur(data, { length: width, stride: channels, weights });
  const blurred = blur(across, { length: height, stride: width * channels, weights });
  const sharpened = data.map((value, i) => {
    const difference = value - blurred[i]!;
    if (channels === 4 && i % 4 === 3 || Math.abs(difference) <= threshold) return value;
    return Math.min(255, Math.max(0, Math.round(value + amount * difference)));
  });
  return { width, height, channels, data: sharpened };
}

/** Weights of a Gaussian from its middle outwards, whose sum over both sides is 1. */
function gaussian(sigma: number): Float64Array {
  const weights = Float64Array.from(
    { length: Math.floor(4 * sigma + 0.5) + 1 },
    (_, i) => Math.exp(-(i ** 2) / (2 * sigma ** 2)),
  );
  const sum = weights.reduce((all, weight, i) => all + (i === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / sum);
}

/** Blurs along an axis of `length` places that are `stride` numbers apart. */
function blur(
  data: ArrayLike<number>,
  { length, stride, weights }: { length: number; stride: number; weights: Float64Array },
): Float32Array {
  const result = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const place = Math.floor(i / stride) % length;
    const first = i - place * stride;
    let sum = weights[0]! * data[i]!;
    for (let d = 1; d < weights.length; d++) {
      const [before, after] = [Math.max(0, place - d), Math.min(length - 1, place + d)];
      sum += weights[d]! * (data[first + before * stride]! + data[first + after * stride]!);
    }
    result[i] = sum;
  }
  return result;
}
