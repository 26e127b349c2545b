/**
 * Many pictures in one, in rows, with captions.
 * @module
 */
import { drawableText, glyphHeight, glyphRows, glyphWidth } from "./bitmap_font.ts";
import { checkPixels, maxPixels, type Pixels } from "./pixels.ts";

/** Options of {@linkcode tileImages}. */
export interface TileImagesOptions {
  /** Pictures in a row. Default: as many as make the grid about square. */
  readonly columns?: number;
  /** Pixels around and between the cells. Default 4. */
  readonly gap?: number;
  /** Red, green and blue of 0 to 255 around pictures and under their alpha. Default white. */
  readonly background?: readonly [number, number, number];
  /** A caption under each picture, in black or white, whichever stands out. Missing ones are left empty. */
  readonly labels?: readonly string[];
  /** Lines that a caption may take; a longer one is cut and ends with dots. Default 3. */
  readonly labelLines?: number;
}

/** Pixels of a caption's line at scale 1, with the space below it. */
const lineHeight = glyphHeight + 1;
/** Pixels of a character at scale 1, with the space after it. */
const advance = glyphWidth + 1;
/** A cell of this width has room for 32 characters at scale 1; twice as wide, they are drawn twice as large. */
const widthPerScale = 192;

/**
 * Lays pictures out in rows from the top left, each centred in a cell as large as the largest of them.
 *
 * Captions are drawn with a small font of our own (ASCII; accents are dropped, other characters are boxes), wrapped at spaces to
 * the width of the cell. All captions of a grid take the same height.
 *
 * @param images at least one, of any sizes and channels
 * @returns 3 channels
 * @throws {RangeError} where there is no picture, an option is out of range, there are more labels than pictures, or the grid would
 * have over {@linkcode maxPixels} pixels
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tileImages } from "./grid.ts";
 *
 * const black = { width: 64, height: 64, channels: 1, data: new Uint8Array(64 * 64) } as const;
 * const grid = tileImages([black, black], { columns: 2, gap: 4, labels: ["a red apple", "seed 1"] });
 * assert.deepEqual([grid.width, grid.height], [4 + 64 + 4 + 64 + 4, 4 + 64 + 4 + 19 + 4]);
 * ```
 */
export function tileImages(images: readonly Pixels[], options: TileImagesOptions = {}): Pixels {
  const { background = [255, 255, 255], gap = 4, labels = [], labelLines = 3 } = options;
  const columns = options.columns ?? Math.ceil(Math.sqrt(images.length));
  check(images, { background, gap, labels, labelLines, columns });
  const cellWidth = Math.max(...images.map(({ width }) => width));
  const cellHeight = Math.max(...images.map(({ height }) => height));
  const scale = Math.max(1, Math.floor(cellWidth / widthPerScale));
  const room = Math.max(1, Math.floor((cellWidth + scale) / (advance * scale)));
  const captions = labels.map((label) => wrapped(drawableText(label), { room, lines: labelLines }));
  const lines = Math.max(0, ...captions.map(({ length }) => length));
  const captionHeight = lines === 0 ? 0 : gap + (lines * lineHeight - 1) * scale;
  const across = Math.min(columns, images.length);
  const down = Math.ceil(images.length / columns);
  const width = gap + across * (cellWidth + gap);
  const height = gap + down * (cellHeight + captionHeight + gap);
  if (width * height > maxPixels) {
    throw new RangeError(`Expected a grid of at most ${maxPixels} pixels but found ${width}x${height}: take fewer`);
  }
  const grid = { width, height, channels: 3 as const, data: new Uint8Array(width * height * 3) };
  for (let at = 0; at < grid.data.length; at += 3) grid.data.set(background, at);
  images.forEach((image, index) => {
    const left = gap + (index % columns) * (cellWidth + gap);
    const top = gap + Math.floor(index / columns) * (cellHeight + captionHeight + gap);
    paste(image, grid, {
      left: left + ((cellWidth - image.width) >> 1),
      top: top + ((cellHeight - image.height) >> 1),
      background,
    });
    captions[index]?.forEach((line, row) => {
      write(line, grid, {
        left,
        top: top + cellHeight + gap + row * lineHeight * scale,
        scale,
        ink: inkOn(background),
      });
    });
  });
  return grid;
}

function check(
  images: readonly Pixels[],
  { columns, gap, labelLines, labels, background }: Required<TileImagesOptions>,
): void {
  if (images.length === 0) throw new RangeError("Expected at least one picture for the grid but found none");
  images.forEach(checkPixels);
  for (
    const [name, value, least] of [["columns", columns, 1], ["gap", gap, 0], ["labelLines", labelLines, 1]] as const
  ) {
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(`Expected ${name} to be an integer of ${least} or more but found ${value}`);
    }
  }
  if (background.some((value) => !Number.isInteger(value) || value < 0 || value > 255)) {
    throw new RangeError(`Expected background to be three integers of 0 to 255 but found ${background}`);
  }
  if (labels.length > images.length) {
    throw new RangeError(`Expected at most ${images.length} labels, one a picture, but found ${labels.length}`);
  }
}

/** Copies a picture into the grid, its alpha laid over the background. */
function paste(
  { width, height, channels, data }: Pixels,
  grid: Pixels,
  { left, top, background }: { left: number; top: number; background: readonly [number, number, number] },
): void {
  for (let y = 0; y < height; y++) {
    let to = ((top + y) * grid.width + left) * 3;
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * channels;
      const alpha = channels === 4 ? data[at + 3]! : 255;
      for (let c = 0; c < 3; c++) {
        const value = data[at + (channels === 1 ? 0 : c)]!;
        grid.data[to++] = Math.round((value * alpha + background[c]! * (255 - alpha)) / 255);
      }
    }
  }
}

/** Draws one line of text; what would stand outside the grid is left out. */
function write(
  text: string,
  grid: Pixels,
  { left, top, scale, ink }: { left: number; top: number; scale: number; ink: number },
): void {
  let start = left;
  for (const character of text) {
    for (const [row, mask] of glyphRows(character).entries()) {
      for (let y = top + row * scale; y < top + (row + 1) * scale; y++) {
        for (let column = 0; column < glyphWidth; column++) {
          if ((mask >> (glyphWidth - 1 - column) & 1) === 0) continue;
          const from = start + column * scale;
          const to = Math.min(from + scale, grid.width);
          if (from < to) grid.data.fill(ink, (y * grid.width + from) * 3, (y * grid.width + to) * 3);
        }
      }
    }
    start += advance * scale;
  }
}

/** Black or white, whichever is farther from the background in luma (ITU-R BT.601). */
function inkOn([red, green, blue]: readonly [number, number, number]): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 127 ? 0 : 255;
}

/** Text in lines of at most `room` characters, broken at spaces, and within words that are longer than a line. */
function wrapped(text: string, { room, lines }: { room: number; lines: number }): string[] {
  const out: string[] = [];
  let line = "";
  for (const word of text.split(" ").filter((part) => part !== "")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if ([...joined].length <= room) {
      line = joined;
      continue;
    }
    if (line !== "") out.push(line);
    let rest = [...word];
    while (rest.length > room) {
      out.push(rest.slice(0, room).join(""));
      rest = rest.slice(room);
    }
    line = rest.join("");
    if (out.length > lines) break;
  }
  if (line !== "") out.push(line);
  if (out.length <= lines) return out;
  const dots = "...".slice(0, room);
  const last = [...out[lines - 1]!].slice(0, room - dots.length).join("").trimEnd();
  return [...out.slice(0, lines - 1), last + dots];
}
