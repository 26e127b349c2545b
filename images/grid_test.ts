import assert from "node:assert/strict";
import { glyphRows } from "./bitmap_font.ts";
import { tileImages } from "./grid.ts";
import type { Pixels } from "./pixels.ts";

function plain(width: number, height: number, colour: readonly number[]): Pixels {
  const data = Uint8Array.from({ length: width * height * colour.length }, (_, i) => colour[i % colour.length]!);
  return { width, height, channels: colour.length as 1 | 3 | 4, data };
}

function colourAt({ width, data }: Pixels, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

const red = plain(8, 6, [200, 0, 0]);
const grey = plain(8, 6, [90]);

Deno.test("pictures stand in rows from the top left, with the gap around and between them", () => {
  const grid = tileImages([red, grey, red], { columns: 2, gap: 3, background: [1, 2, 3] });
  assert.deepEqual([grid.width, grid.height, grid.channels], [3 + 8 + 3 + 8 + 3, 3 + 6 + 3 + 6 + 3, 3]);
  assert.deepEqual(colourAt(grid, 3, 3), [200, 0, 0]);
  assert.deepEqual(colourAt(grid, 10, 8), [200, 0, 0]);
  assert.deepEqual(colourAt(grid, 14, 3), [90, 90, 90]);
  assert.deepEqual(colourAt(grid, 3, 12), [200, 0, 0]);
  for (const [x, y] of [[2, 3], [11, 3], [13, 3], [22, 8], [3, 9], [14, 12], [24, 20]]) {
    assert.deepEqual(colourAt(grid, x!, y!), [1, 2, 3], `${x},${y}`);
  }
});

Deno.test("the grid is about square where no columns are given, and no wider than its pictures", () => {
  const size = (count: number, columns?: number) => {
    const { width, height } = tileImages(Array<Pixels>(count).fill(grey), { gap: 0, ...(columns ? { columns } : {}) });
    return [width / 8, height / 6];
  };
  assert.deepEqual(size(1), [1, 1]);
  assert.deepEqual(size(5), [3, 2]);
  assert.deepEqual(size(9), [3, 3]);
  assert.deepEqual(size(2, 6), [2, 1]);
});

Deno.test("a smaller picture is centred in its cell, and alpha shows the background", () => {
  const clear = plain(2, 2, [100, 100, 100, 0]);
  const half = plain(8, 2, [100, 0, 0, 51]);
  const grid = tileImages([red, clear, half], { columns: 3, gap: 0, background: [0, 100, 0] });
  assert.deepEqual(colourAt(grid, 8 + 3, 2), [0, 100, 0]);
  assert.deepEqual(colourAt(grid, 16, 1), [0, 100, 0]);
  assert.deepEqual(colourAt(grid, 16, 2), [20, 80, 0]);
  assert.deepEqual(colourAt(grid, 23, 3), [20, 80, 0]);
  assert.deepEqual(colourAt(grid, 16, 4), [0, 100, 0]);
});

/** Reads the text under the first picture of a grid back, glyph by glyph. */
function readCaption(
  grid: Pixels,
  { top, left, ink, scale = 1 }: Record<"top" | "left" | "ink", number> & { scale?: number },
) {
  const known = new Map(Array.from({ length: 96 }, (_, i) => {
    const character = i === 95 ? "□" : String.fromCharCode(32 + i);
    return [glyphRows(character).join(), character];
  }));
  const lines: string[] = [];
  for (let y = top; y + 9 * scale <= grid.height; y += 10 * scale) {
    let line = "";
    for (let x = left; x + 5 * scale <= grid.width; x += 6 * scale) {
      const rows = Array.from({ length: 9 }, (_, row) =>
        [0, 1, 2, 3, 4].reduce(
          (mask, column) => mask * 2 + Number(colourAt(grid, x + column * scale, y + row * scale)[0] === ink),
          0,
        ));
      line += known.get(rows.join()) ?? "?";
    }
    lines.push(line.trimEnd());
  }
  return lines;
}

Deno.test("a label is wrapped at spaces to its cell, in ink that stands out", () => {
  const cell = plain(71, 4, [9, 9, 9]);
  const labels = ["a red apple, flat"];
  const light = tileImages([cell], { gap: 2, labels });
  assert.equal(light.height, 2 + 4 + 2 + 10 + 9 + 2);
  assert.deepEqual(readCaption(light, { top: 8, left: 2, ink: 0 }), ["a red apple,", "flat"]);
  const dark = tileImages([cell], { gap: 2, labels, background: [40, 40, 40] });
  assert.deepEqual(readCaption(dark, { top: 8, left: 2, ink: 255 }), ["a red apple,", "flat"]);
});

Deno.test("a label that is too long is cut and ends with dots, a long word is broken", () => {
  const cell = plain(35, 4, [9]);
  const caption = (label: string, labelLines: number) =>
    readCaption(tileImages([cell], { gap: 1, labels: [label], labelLines }), { top: 6, left: 1, ink: 0 });
  assert.deepEqual(caption("one two three four five six", 3), ["one", "two", "thr..."]);
  assert.deepEqual(caption("abcdefghijklm no", 9), ["abcdef", "ghijkl", "m no"]);
  assert.deepEqual(caption("🦊 ñ", 1), ["□ n"]);
});

Deno.test("labels of large pictures are drawn larger, and all rows keep the same height", () => {
  const grid = tileImages([plain(400, 2, [9]), plain(400, 2, [9])], { columns: 1, gap: 2, labels: ["", "ok"] });
  assert.equal(grid.height, 2 + 2 * (2 + 2 + 18 + 2));
  assert.deepEqual(readCaption(grid, { top: 2 + 24 + 2 + 2, left: 2, ink: 0, scale: 2 })[0], "ok");
});

Deno.test("a picture of one pixel takes a label without leaving the grid", () => {
  const grid = tileImages([plain(1, 1, [9])], { gap: 0, labels: ["wide label"] });
  assert.deepEqual([grid.width, grid.height], [1, 1 + 29]);
});

Deno.test("grids that cannot be are refused", () => {
  const refused = (message: RegExp, run: () => unknown) => assert.throws(run, { name: "RangeError", message });
  refused(/at least one picture/, () => tileImages([]));
  refused(/columns .* found 0$/, () => tileImages([red], { columns: 0 }));
  refused(/gap .* found -1$/, () => tileImages([red], { gap: -1 }));
  refused(/labelLines .* found 1.5$/, () => tileImages([red], { labelLines: 1.5 }));
  refused(/background .* found 0,0,256$/, () => tileImages([red], { background: [0, 0, 256] }));
  refused(/at most 1 labels/, () => tileImages([red], { labels: ["a", "b"] }));
  refused(/at most 67108864 pixels/, () => tileImages([red], { gap: 10_000 }));
  refused(
    /Expected data of 3 bytes/,
    () => tileImages([{ width: 1, height: 1, channels: 3, data: new Uint8Array(2) }]),
  );
});
