/**
 * Pictures that are computed a piece at a time.
 * @module
 */
import { type Tensor, tensor } from "../../tensor/tensor.ts";

/** How a picture is cut. */
export interface TileOptions {
  /** Longest side of a piece, in pixels. */
  readonly tile: number;
  /** Pixels that neighbours share, on each side. */
  readonly overlap: number;
}

/** Planes [b, c, h, w] in, planes [b, c′, s·h, s·w] out, for one scale s. */
export type EnlargeTile = (tile: Tensor<"float32">) => Promise<Tensor<"float32">>;

/**
 * Enlarges planes piece by piece. Where pieces overlap, the outer quarter of each is left aside and the middle half is blended: where
 * `enlarge` looks no further than a quarter of the overlap, the result is that of the planes as a whole.
 *
 * @param planes [b, c, h, w]
 * @returns [b, c′, s·h, s·w]
 * @throws {RangeError} where a piece comes back in another shape
 */
export async function enlargeTiled(
  planes: Tensor<"float32">,
  enlarge: EnlargeTile,
  { tile, overlap }: TileOptions,
): Promise<Tensor<"float32">> {
  const [, , height, width] = planes.shape as [number, number, number, number];
  const [rows, columns] = [spansOf(height, { tile, overlap }), spansOf(width, { tile, overlap })];
  let result: Tensor<"float32"> | undefined;
  let total: Float32Array | undefined;
  let scale = 1;
  for (const row of rows) {
    for (const column of columns) {
      const piece = cut(planes, row, column);
      const enlarged = await enlarge(piece);
      scale = checkPiece(piece, enlarged, result === undefined ? undefined : scale);
      const [batch, channels] = enlarged.shape as [number, number];
      result ??= tensor("float32", [batch, channels, scale * height, scale * width]);
      total ??= new Float32Array(scale * height * scale * width);
      paste(enlarged, { result, total, row, column, scale });
    }
  }
  const plane = total!.length;
  result!.data.forEach((value, i) => result!.data[i] = value / total![i % plane]!);
  return result!;
}

/** A piece along one axis, and how many pixels at either end are shared. */
interface Span {
  readonly start: number;
  readonly length: number;
  readonly before: number;
  readonly after: number;
}

/** Pieces of one length that cover an axis, as evenly as whole pixels allow. */
function spansOf(size: number, { tile, overlap }: TileOptions): Span[] {
  const length = Math.min(tile, size);
  const count = size === length ? 1 : Math.ceil((size - overlap) / (length - overlap));
  const starts = Array.from(
    { length: count },
    (_, i) => count === 1 ? 0 : Math.round(i * (size - length) / (count - 1)),
  );
  return starts.map((start, i) => ({
    start,
    length,
    before: i === 0 ? 0 : starts[i - 1]! + length - start,
    after: i === count - 1 ? 0 : start + length - starts[i + 1]!,
  }));
}

function cut(planes: Tensor<"float32">, row: Span, column: Span): Tensor<"float32"> {
  const [batch, channels, height, width] = planes.shape as [number, number, number, number];
  const piece = tensor("float32", [batch, channels, row.length, column.length]);
  for (let i = 0; i < batch * channels * row.length; i++) {
    const [plane, y] = [Math.floor(i / row.length), i % row.length];
    const from = (plane * height + row.start + y) * width + column.start;
    piece.data.set(planes.data.subarray(from, from + column.length), i * column.length);
  }
  return piece;
}

/** The scale of an enlarged piece. */
function checkPiece(piece: Tensor<"float32">, enlarged: Tensor<"float32">, scale: number | undefined): number {
  const [batch, , height, width] = piece.shape as [number, number, number, number];
  const found = enlarged.shape;
  const factor = scale ?? found[2]! / height;
  if (
    found.length !== 4 || found[0] !== batch || !Number.isInteger(factor) || factor < 1 ||
    found[2] !== factor * height || found[3] !== factor * width
  ) {
    throw new RangeError(
      `Expected [${batch}, channels, s·${height}, s·${width}] for one whole s but found [${found.join(", ")}]`,
    );
  }
  return factor;
}

/** Adds a piece to what is there, by the weights of its pixels. */
function paste(
  piece: Tensor<"float32">,
  { result, total, row, column, scale }: {
    result: Tensor<"float32">;
    total: Float32Array;
    row: Span;
    column: Span;
    scale: number;
  },
): void {
  const [batch, channels, height, width] = piece.shape as [number, number, number, number];
  const [vertical, horizontal] = [weightsOf(row, scale), weightsOf(column, scale)];
  const [wholeHeight, wholeWidth] = result.shape.slice(2) as [number, number];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const weight = vertical[y]! * horizontal[x]!;
      const to = (row.start * scale + y) * wholeWidth + column.start * scale + x;
      total[to]! += weight;
      for (let plane = 0; plane < batch * channels; plane++) {
        result.data[plane * wholeHeight * wholeWidth + to]! += weight * piece.data[(plane * height + y) * width + x]!;
      }
    }
  }
}

/** Weights along a piece: 0 in the outer quarter of what is shared, rising to 1 over the middle half, 1 from there on. */
function weightsOf({ length, before, after }: Span, scale: number): Float32Array {
  const ramp = (place: number, shared: number) => {
    if (shared === 0) return 1;
    return Math.min(1, Math.max(0, (place / shared - 0.25) / 0.5));
  };
  return Float32Array.from({ length: length * scale }, (_, i) => {
    const place = i + 0.5;
    return Math.min(ramp(place, before * scale), ramp(length * scale - place, after * scale));
  });
}
