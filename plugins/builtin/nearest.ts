/**
 * Which known thing an unknown one is most like.
 * @module
 */
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * Place of the wanted rows when they and the others are sorted by their Euclidean distance from `query`: 1 where the nearest is wanted.
 *
 * A row that is not wanted and just as near goes first, so that features which cannot tell things apart gain nothing.
 *
 * @param known [rows, width]
 * @param options.wanted indices of the rows that are right
 * @param options.others indices of the rows that are not; all that are not wanted where left out
 * @throws {RangeError} where `query` is not as wide as a row, or nothing is wanted
 */
export function rankOf(
  query: Float32Array,
  { data, shape }: Tensor<"float32">,
  { wanted, others }: { wanted: readonly number[]; others?: readonly number[] | undefined },
): number {
  const [rows, width] = shape as [number, number];
  if (query.length !== width) throw new RangeError(`Expected ${width} numbers but found ${query.length}`);
  if (wanted.length === 0) throw new RangeError("Expected rows that are wanted but found none");
  const nearest = Math.min(...wanted.map((row) => squaredDistance(query, data, row * width)));
  const isWanted = new Set(wanted);
  const isNearer = (row: number) => squaredDistance(query, data, row * width, nearest) <= nearest;
  const rest = others ?? Array.from({ length: rows }, (_, row) => row).filter((row) => !isWanted.has(row));
  return 1 + rest.filter(isNearer).length;
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
