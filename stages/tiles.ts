/**
 * Decodes large pictures a tile at a time, with exactly the numbers of the whole.
 * @module
 */
import { type Tensor, tensor } from "../tensor/tensor.ts";

/** A piece of a side: cells [start, start + length) are decoded, of which [from, to) are kept. */
export interface Window {
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

/** How a latent is cut: windows of one size, so that one session serves them all. */
export interface Tiles {
  /** Cells of a window. */
  readonly height: number;
  readonly width: number;
  readonly rows: readonly Window[];
  readonly columns: readonly Window[];
}

/**
 * Cuts a side into the fewest windows of at most `most` cells, as small as that number of them can be. At each inner edge `reach` cells
 * are thrown away: those are all that the cut can change. The border of the picture stays a border, with the padding that it has there.
 *
 * @throws {RangeError} where a window of `most` cells would keep none
 */
export function cutSide(size: number, { most, reach }: { most: number; reach: number }): {
  length: number;
  windows: Window[];
} {
  if (size <= most) return { length: size, windows: [{ start: 0, from: 0, to: size }] };
  if (most <= 2 * reach) {
    throw new RangeError(`Expected tiles of more than ${2 * reach} cells, which they lose, but found ${most}`);
  }
  // n windows cover n·length − 2·reach·(n − 1) cells.
  const count = Math.ceil((size - 2 * reach) / (most - 2 * reach));
  const length = Math.ceil((size + 2 * reach * (count - 1)) / count);
  const windows: Window[] = [];
  for (let from = 0; from < size;) {
    const start = Math.min(size - length, Math.max(0, from - reach));
    const end = start + length;
    const to = end === size ? size : end - reach;
    windows.push({ start, from, to });
    from = to;
  }
  return { length, windows };
}

/** Cuts a latent of `height` × `width` cells, see {@linkcode cutSide}. */
export function cutTiles(
  { height, width }: { height: number; width: number },
  options: { most: number; reach: number },
): Tiles {
  const [rows, columns] = [cutSide(height, options), cutSide(width, options)];
  return { height: rows.length, width: columns.length, rows: rows.windows, columns: columns.windows };
}

/**
 * Decodes latents [1, c, h, w] tile by tile to [1, channels, h·f, w·f].
 *
 * @param decode is given windows [1, c, tiles.height, tiles.width]
 * @param options.onTile is called before each tile, and may throw to stop
 */
export async function decodeInTiles(
  latents: Tensor<"float32">,
  tiles: Tiles,
  { decode, scale, onTile }: {
    decode(latents: Tensor<"float32">): Promise<Tensor<"float32">>;
    /** Pixels a cell, along each side. */
    scale: number;
    onTile?: (() => void) | undefined;
  },
): Promise<Tensor<"float32">> {
  if (tiles.rows.length === 1 && tiles.columns.length === 1) return await decode(latents);
  const [, , height, width] = latents.shape as [number, number, number, number];
  let whole: Tensor<"float32"> | undefined;
  for (const row of tiles.rows) {
    for (const column of tiles.columns) {
      onTile?.();
      const source = { top: row.start, left: column.start };
      const decoded = await decode(crop(latents, { ...source, height: tiles.height, width: tiles.width }));
      whole ??= tensor("float32", [1, decoded.shape[1]!, height * scale, width * scale]);
      paste(whole, decoded, { row, column, scale });
    }
  }
  return whole!;
}

/** A part of each plane of x [1, c, h, w]. */
function crop(
  { shape: [, channels, h, w], data }: Tensor<"float32">,
  { top, left, height, width }: { top: number; left: number; height: number; width: number },
): Tensor<"float32"> {
  const part = tensor("float32", [1, channels!, height, width]);
  for (let c = 0; c < channels!; c++) {
    for (let y = 0; y < height; y++) {
      const from = (c * h! + top + y) * w! + left;
      part.data.set(data.subarray(from, from + width), (c * height + y) * width);
    }
  }
  return part;
}

/** Puts what is kept of a tile into its place. */
function paste(
  whole: Tensor<"float32">,
  { shape: [, channels, h, w], data }: Tensor<"float32">,
  { row, column, scale }: { row: Window; column: Window; scale: number },
): void {
  const [, , height, width] = whole.shape as [number, number, number, number];
  const left = scale * (column.from - column.start);
  const length = scale * (column.to - column.from);
  for (let c = 0; c < channels!; c++) {
    for (let y = scale * row.from; y < scale * row.to; y++) {
      const from = (c * h! + y - scale * row.start) * w! + left;
      whole.data.set(data.subarray(from, from + length), (c * height + y) * width + scale * column.from);
    }
  }
}
