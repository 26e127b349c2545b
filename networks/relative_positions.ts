/**
 * Relative positions in buckets, as T5 tells them apart (https://arxiv.org/abs/1910.10683, §2.1).
 * @module
 */

/** How distances are put into buckets. */
export interface BucketOptions {
  /** Half of them are for keys behind the query, half for keys before it. */
  readonly buckets: number;
  /** Distance from which on all share the last bucket. */
  readonly maxDistance: number;
}

/**
 * The bucket of key j as query i sees it, for every i and j of a text: row by row, [tokens, tokens].
 *
 * Half the buckets of a side are for one distance each, and the others grow logarithmically up to `maxDistance`. Every operation is
 * rounded to float32 as torch does, since a distance may lie on the edge of two buckets (`T5Attention._relative_position_bucket` in
 * transformers' `modeling_t5.py`).
 */
export function relativeBuckets(tokens: number, { buckets, maxDistance }: BucketOptions): BigInt64Array<ArrayBuffer> {
  const side = Math.floor(buckets / 2);
  const exact = Math.floor(side / 2);
  const growth = Math.fround(Math.log(maxDistance / exact));
  const bucketOf = (distance: number) => {
    if (distance < exact) return distance;
    const octaves = Math.fround(Math.fround(Math.log(Math.fround(distance / exact))) / growth);
    return Math.min(exact + Math.trunc(Math.fround(octaves * (side - exact))), side - 1);
  };
  const byDistance = Array.from({ length: tokens }, (_, distance) => bucketOf(distance));
  return BigInt64Array.from({ length: tokens * tokens }, (_, at) => {
    const relative = at % tokens - Math.floor(at / tokens);
    return BigInt(byDistance[Math.abs(relative)]! + (relative > 0 ? side : 0));
  });
}
