/**
 * A picture as text: each character cell is an upper half block whose two colours are two pixels.
 * @module
 */
import { downscale } from "../images/downscale.ts";
import { type Pixels, withChannels } from "../images/pixels.ts";

/** Options of {@linkcode renderHalfBlocks}. */
export interface HalfBlockOptions {
  /** Widest result in cells; a narrower picture keeps its width. */
  columns: number;
  /** Bits of colour: 24 for any, 8 for the 6×6×6 cube and greys of 256-colour terminals. */
  depth: 8 | 24;
}

const resetColours = "\x1b[0m";

/** Renders a picture as lines of half blocks, each ended by a reset and a line feed. Alpha is laid over white. */
export function renderHalfBlocks(pixels: Pixels, { columns, depth }: HalfBlockOptions): string {
  const width = Math.max(1, Math.min(pixels.width, Math.floor(columns)));
  const height = Math.max(1, Math.round((pixels.height * width) / pixels.width));
  const small = downscale(withChannels(pixels, 3), { width, height });
  let out = "";
  for (let y = 0; y < small.height; y += 2) {
    let foreground = "";
    let background = "";
    for (let x = 0; x < small.width; x++) {
      const upper = `38;${colour(small, { x, y, depth })}`;
      // A last row without a partner leaves the terminal's own background below it.
      const lower = y + 1 < small.height ? `48;${colour(small, { x, y: y + 1, depth })}` : "49";
      const changed = [...(upper === foreground ? [] : [upper]), ...(lower === background ? [] : [lower])];
      out += changed.length === 0 ? "▀" : `\x1b[${changed.join(";")}m▀`;
      [foreground, background] = [upper, lower];
    }
    out += `${resetColours}\n`;
  }
  return out;
}

function colour({ width, data }: Pixels, { x, y, depth }: { x: number; y: number; depth: 8 | 24 }): string {
  const at = (y * width + x) * 3;
  const rgb = data.subarray(at, at + 3);
  return depth === 24 ? `2;${rgb.join(";")}` : `5;${paletteIndex(rgb)}`;
}

const cubeLevels = [0, 95, 135, 175, 215, 255];

/** The nearest of the 216 colours 16 … 231 and the 24 greys 232 … 255. */
function paletteIndex(rgb: Uint8Array): number {
  const cube = Array.from(rgb, (value) => nearestLevel(value));
  const [red, green, blue] = cube;
  const grey = Math.max(0, Math.min(23, Math.round(((rgb[0]! + rgb[1]! + rgb[2]!) / 3 - 8) / 10)));
  const cubeError = cube.reduce((sum, level, c) => sum + (cubeLevels[level]! - rgb[c]!) ** 2, 0);
  const greyError = rgb.reduce((sum, value) => sum + (8 + 10 * grey - value) ** 2, 0);
  return greyError < cubeError ? 232 + grey : 16 + 36 * red! + 6 * green! + blue!;
}

function nearestLevel(value: number): number {
  return cubeLevels.reduce(
    (best, level, index) => Math.abs(level - value) < Math.abs(cubeLevels[best]! - value) ? index : best,
    0,
  );
}
