/**
 * Weights in 8 and 4 bits.
 * @module
 */

/** A matrix [rows, columns] in row-major order. */
export interface WeightMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/** Columns and rows that are turned at a time: both fit the first-level cache. */
const tile = 32;

/**
 * Rounds each row of a weight to −127 … 127 with a scale of its own: scale = max|w| / 127, value = round(w / scale), halves to the even
 * number. A row of zeros has the scale 1.
 *
 * @returns `values` turned to [columns, rows], as a product of rows wants them, and `scales` [rows]
 */
export function quantizeRows8(
  { rows, columns, data }: WeightMatrix,
): { values: Int8Array<ArrayBuffer>; scales: Float32Array<ArrayBuffer> } {
  const values = new Int8Array(rows * columns);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) largest = Math.max(largest, Math.abs(data[i]!));
    scales[row] = largest === 0 ? 1 : largest / 127;
  }
  for (let top = 0; top < rows; top += tile) {
    for (let left = 0; left < columns; left += tile) {
      for (let row = top; row < Math.min(rows, top + tile); row++) {
        const scale = scales[row]!;
        for (let column = left; column < Math.min(columns, left + tile); column++) {
          values[column * rows + row] = clamp(roundToEven(data[row * columns + column]! / scale), -127, 127);
        }
      }
    }
  }
  return { values, scales };
}

/**
 * Rounds each block of `block` neighbours of a row to 16 steps: value = clamp(round(w / scale) + 8, 0, 15), where the number that is
 * largest in size takes the lowest step: scale = that number / −8. A block of zeros has the scale 1.
 *
 * @returns `values` [rows, columns / block, block / 2], two in a byte, the first in its lower half, and `scales` [rows·columns / block]
 */
export function quantizeBlocks4(
  { rows, columns, data }: WeightMatrix,
  { block }: { block: number },
): { values: Uint8Array<ArrayBuffer>; scales: Float32Array<ArrayBuffer> } {
  if (columns % block !== 0) throw new RangeError(`Expected columns that divide by ${block} but found ${columns}`);
  const blocks = rows * columns / block;
  const values = new Uint8Array(rows * columns / 2);
  const scales = new Float32Array(blocks);
  for (let b = 0; b < blocks; b++) {
    const start = b * block;
    let largest = 0;
    for (let i = start; i < start + block; i++) if (Math.abs(data[i]!) > Math.abs(largest)) largest = data[i]!;
    const scale = scales[b] = largest === 0 ? 1 : Math.fround(largest / -8);
    const step = (i: number) => clamp(roundToEven(data[i]! / scale) + 8, 0, 15);
    for (let i = start; i < start + block; i += 2) values[i / 2] = step(i) | step(i + 1) << 4;
  }
  return { values, scales };
}

/** What {@linkcode quantizeRows8} and {@linkcode quantizeBlocks4} stand for, as a matrix [rows, columns]. */
export function dequantize(
  { values, scales }: { values: Int8Array | Uint8Array; scales: Float32Array },
  { rows, columns }: Pick<WeightMatrix, "rows" | "columns">,
): Float32Array<ArrayBuffer> {
  const data = new Float32Array(rows * columns);
  if (values instanceof Int8Array) {
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++) data[row * columns + column] = values[column * rows + row]! * scales[row]!;
    }
    return data;
  }
  const block = data.length / scales.length;
  for (let i = 0; i < data.length; i++) {
    const half = i % 2 === 0 ? values[i >> 1]! & 15 : values[i >> 1]! >> 4;
    data[i] = (half - 8) * scales[Math.floor(i / block)]!;
  }
  return data;
}

/** ‖a − b‖ / ‖b‖ over all numbers; 0 where both are zero. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let off = 0;
  let all = 0;
  for (let i = 0; i < b.length; i++) {
    off += (a[i]! - b[i]!) ** 2;
    all += b[i]! ** 2;
  }
  return off === 0 ? 0 : Math.sqrt(off / all);
}

/** Adding 1.5·2⁵² leaves no bits behind the point: the processor rounds, halves to the even number. */
function roundToEven(x: number): number {
  return x + 6755399441055744 - 6755399441055744;
}

function clamp(x: number, low: number, high: number): number {
  return x < low ? low : x > high ? high : x;
}
