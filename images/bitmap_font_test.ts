import assert from "node:assert/strict";
import { drawableText, glyphHeight, glyphRows, glyphWidth } from "./bitmap_font.ts";

const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

/** What most glyphs have below the baseline. */
const below = [".....", "....."];

function drawn(character: string): string[] {
  return glyphRows(character).map((row) =>
    row.toString(2).padStart(glyphWidth, "0").replaceAll("0", ".").replaceAll("1", "#")
  );
}

Deno.test("each printable ASCII character has a glyph of its own, 5 by 9, and only the space is empty", () => {
  const seen = new Map<string, string>();
  for (const character of ascii) {
    const rows = glyphRows(character);
    assert.equal(rows.length, glyphHeight, character);
    assert(rows.every((row) => row >= 0 && row < 2 ** glyphWidth), character);
    const key = rows.join();
    assert.equal(seen.get(key), undefined, `${character} looks like ${seen.get(key)}`);
    seen.set(key, character);
    assert.equal(rows.every((row) => row === 0), character === " ");
  }
});

Deno.test("glyphs are in the order of ASCII", () => {
  assert.deepEqual(drawn("L"), ["#....", "#....", "#....", "#....", "#....", "#....", "#####", ...below]);
  assert.deepEqual(drawn("7"), ["#####", "....#", "...#.", "...#.", "..#..", "..#..", "..#..", ...below]);
  assert.deepEqual(drawn("|"), [...Array(7).fill("..#.."), ...below]);
  assert.deepEqual(drawn("_"), [...Array(7).fill("....."), "#####", "....."]);
});

Deno.test("every other character is a box", () => {
  const box = ["#####", "#...#", "#...#", "#...#", "#...#", "#...#", "#####", ...below];
  for (const character of ["🦊", "赤", "\u007f", "\n", "é"]) assert.deepEqual(drawn(character), box);
});

Deno.test("drawableText() keeps what can be read of accents and printed signs", () => {
  assert.equal(drawableText("Café “Zoë” – naïve…"), 'Cafe "Zoe" - naive...');
  assert.equal(drawableText("a\tb\nc\u0007d\u00a0e"), "a b c d e");
  assert.equal(drawableText("👨‍👩‍👧 3×4 Straße ﬁ"), "👨👩👧 3x4 Strasse fi");
  assert.equal(drawableText("\ud800"), "\ufffd");
});
