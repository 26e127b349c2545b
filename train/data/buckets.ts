/**
 * Aspect buckets: picture sizes of about the same area, for training on other shapes than squares.
 * @module
 */

/** A size in pixels. */
export interface BucketSize {
  readonly width: number;
  readonly height: number;
}

/** Options of {@linkcode aspectBuckets}. */
export interface AspectBucketOptions {
  /** Pixels that a picture has about, and at most: 1024 × 1024, for example. */
  readonly area: number;
  /** What both sides are multiples of. */
  readonly multiple: number;
  /** Width over height of each bucket; {@linkcode aspectRatios} unless told. */
  readonly ratios?: readonly number[];
}

const upright = [1 / 2, 3 / 4, 3 / 5, 4 / 5, 6 / 9, 9 / 16];

/** Width over height as Stable Cascade was trained: square, and six shapes upright and lying. */
export const aspectRatios: readonly number[] = [1, ...upright, ...upright.map((ratio) => 1 / ratio)];

/**
 * The sizes of the buckets, in the order of `ratios`: √(area·ratio) by √(area/ratio), each rounded down to a multiple.
 *
 * Follows `Bucketeer` of
 * {@link https://github.com/Stability-AI/StableCascade/blob/master/core/data/bucketeer.py Stable Cascade's bucketeer.py}.
 *
 * @throws {RangeError} where a number is not greater than 0, or the area is too small for a multiple
 */
export function aspectBuckets({ area, multiple, ratios = aspectRatios }: AspectBucketOptions): BucketSize[] {
  for (const [name, value] of [["area", area], ["multiple", multiple], ...ratios.map((r) => ["ratio", r])] as const) {
    if (!((value as number) > 0)) throw new RangeError(`Expected ${name} to be greater than 0 but found ${value}`);
  }
  return ratios.map((ratio) => {
    const [width, height] = [area * ratio, area / ratio].map((square) =>
      Math.floor(Math.sqrt(square) / multiple) * multiple
    );
    if (!width || !height) {
      throw new RangeError(`Expected an area of room for multiples of ${multiple} at ratio ${ratio} but found ${area}`);
    }
    return { width, height };
  });
}

/** Index of the bucket whose ratio of sides is nearest to a picture's, the first where several are. */
export function nearestBucket(
  { width, height }: BucketSize,
  { ratios = aspectRatios }: { ratios?: readonly number[] } = {},
): number {
  const ratio = width / height;
  let best = 0;
  for (const [i, other] of ratios.entries()) {
    if (Math.abs(ratio - other) < Math.abs(ratio - ratios[best]!)) best = i;
  }
  return best;
}
