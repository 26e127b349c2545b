/**
 * Which known thing an unknown one is most like.
 * @module
 */

/** Features of things that are known: a row each. */
export interface Rows {
  /** [count, width], row by row. */
  readonly data: Float32Array;
  /** Numbers of a row. */
  readonly width: number;
}

/**
 * Place of the wanted rows when all are sorted by their Euclidean distance from `query`: 1 where the nearest is one of them.
 *
 * A row that is not wanted and just as near goes first, so that features which cannot tell things apart gain nothing.
 *
 * @param options.wanted indices of the rows that are right
 * @throws {RangeError} where `query` is not as wide as a row, or nothing is wanted
 */
export function rankOf(query: Float32Array, { data, width }: Rows, { wanted }: { wanted: readonly number[] }): number {
  if (query.length !== width) throw new RangeError(`Expected ${width} numbers but found ${query.length}`);
  if (wanted.length === 0) throw new RangeError("Expected rows that are wanted but found none");
  const nearest = Math.min(...wanted.map((row) => squaredDistance(query, data, row * width)));
  const isWanted = new Set(wanted);
  let rank = 1;
  for (let row = 0; row * width < data.length; row++) {
    if (!isWanted.has(row) && squaredDistance(query, data, row * width, nearest) <= nearest) rank++;
  }
  return rank;
}

/** ‖query − row‖², or more than `limit` as soon as it is that. */
function squaredDistance(query: Float32Array, data: Float32Array, start: number, limit = Infinity): number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) {
    sum += (query[i]! - data[start + i]!) ** 2;
    if (sum > limit) return sum;
  }
  return sum;
}

/** Share of ranks that are at most `k`: top-k accuracy. */
export function topShare(ranks: readonly number[], k: number): number {
  return ranks.filter((rank) => rank <= k).length / ranks.length;
}
