import assert from "node:assert/strict";
import { downscale } from "../images/downscale.ts";
import type { Pixels } from "../images/pixels.ts";
import { decodePng } from "../images/png_decode.ts";
import { renderHalfBlocks } from "./_half_blocks.ts";

/** Reads rendered text as a terminal would; a cell's own background is undefined. */
function draw(text: string): (number[] | undefined)[][] {
  const rows: (number[] | undefined)[][] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    assert.ok(line.endsWith("\x1b[0m"));
    const upper: (number[] | undefined)[] = [];
    const lower: (number[] | undefined)[] = [];
    let foreground: number[] | undefined;
    let background: number[] | undefined;
    // deno-lint-ignore no-control-regex
    for (const [token, codes] of line.slice(0, -4).matchAll(/\x1b\[([\d;]+)m|./g)) {
      if (codes === undefined) {
        assert.equal(token, "▀");
        upper.push(foreground);
        lower.push(background);
        continue;
      }
      const numbers = codes.split(";").map(Number);
      while (numbers.length > 0) {
        const [kind] = numbers.splice(0, 1);
        const [mode] = kind === 49 ? [undefined] : numbers.splice(0, 1);
        const colour = kind === 49 ? undefined : mode === 2 ? numbers.splice(0, 3) : xterm(numbers.splice(0, 1)[0]!);
        if (kind === 38) foreground = colour;
        else background = colour;
      }
    }
    rows.push(upper, lower);
  }
  return rows;
}

/** Colour of an index in xterm's palette. */
function xterm(index: number): number[] {
  assert.ok(index >= 16 && index <= 255);
  if (index >= 232) return Array(3).fill(8 + 10 * (index - 232));
  const level = (value: number) => value === 0 ? 0 : 55 + 40 * value;
  return [Math.floor((index - 16) / 36), Math.floor((index - 16) / 6) % 6, (index - 16) % 6].map(level);
}

const apple = decodePng(
  await Deno.readFile(new URL("../models/emoji/pictures/red-apple-flat-on-a-blue-background-0.png", import.meta.url)),
);

Deno.test("half blocks in 24 bits are the averaged picture, pixel by pixel", () => {
  for (const columns of [40, 33, 128, 500]) {
    const width = Math.min(columns, 128);
    const expected = downscale(apple, { width, height: width });
    const rows = draw(renderHalfBlocks(apple, { columns, depth: 24 }));
    assert.equal(rows.length, width + width % 2);
    for (let y = 0; y < width; y++) {
      assert.deepEqual(
        rows[y],
        Array.from({ length: width }, (_, x) => [...expected.data.subarray((y * width + x) * 3).slice(0, 3)]),
      );
    }
    // Below a last odd row is the terminal's own background.
    if (width % 2 === 1) assert.deepEqual(rows.at(-1), Array(width).fill(undefined));
  }
});

Deno.test("half blocks in 256 colours take the nearest of the cube and the greys", () => {
  const colours = [[255, 0, 0], [0, 95, 215], [128, 128, 128], [10, 9, 8], [255, 255, 255], [90, 140, 180]];
  const data = Uint8Array.from(colours.flat());
  const pixels: Pixels = { width: colours.length, height: 1, channels: 3, data };
  const palette = Array.from({ length: 240 }, (_, i) => xterm(i + 16));
  const distance = (a: number[], b: number[]) => a.reduce((sum, value, c) => sum + (value - b[c]!) ** 2, 0);
  const [row] = draw(renderHalfBlocks(pixels, { columns: 80, depth: 8 }));
  for (const [x, colour] of colours.entries()) {
    const least = Math.min(...palette.map((entry) => distance(entry, colour)));
    assert.equal(distance(row![x]!, colour), least, String(colour));
  }
});

Deno.test("a colour that does not change is not written again", () => {
  const pixels: Pixels = { width: 3, height: 2, channels: 1, data: new Uint8Array(6).fill(7) };
  assert.equal(renderHalfBlocks(pixels, { columns: 80, depth: 24 }), "\x1b[38;2;7;7;7;48;2;7;7;7m▀▀▀\x1b[0m\n");
});

Deno.test("transparent pixels are white", () => {
  const pixels: Pixels = { width: 1, height: 1, channels: 4, data: Uint8Array.of(1, 2, 3, 0) };
  assert.equal(renderHalfBlocks(pixels, { columns: 80, depth: 24 }), "\x1b[38;2;255;255;255;49m▀\x1b[0m\n");
});
