import assert from "node:assert/strict";
import fc from "fast-check";
import { clipWords } from "./clip_words.ts";

/** The pattern of CLIP's tokenizer.json, with Unicode's white space in place of JavaScript's. */
const pattern = /'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\p{White_Space}\p{L}\p{N}]+/gu;

function words(text: string): string[] {
  return [...clipWords(text)].map(([start, end]) => text.slice(start, end));
}

Deno.test("clipWords() splits letters, single digits, contractions and runs of the rest", () => {
  assert.deepEqual(words("it's 42 cats, y'all!! rock'n'roll"), [
    ...["it", "'s", "4", "2", "cats", ",", "y", "'", "all", "!!", "rock", "'", "n", "'", "roll"],
  ]);
});

Deno.test("clipWords() takes an apostrophe in a run of symbols for a symbol", () => {
  assert.deepEqual(words("''s 'tis 'll"), ["''", "s", "'t", "is", "'ll"]);
});

Deno.test("clipWords() counts combining marks among the symbols", () => {
  assert.deepEqual(words("i\u0307x"), ["i", "\u0307", "x"]);
});

Deno.test("clipWords() finds what CLIP's pattern finds", () => {
  const piece = fc.oneof(
    fc.constantFrom("'", "'s", "'re", "'ve", " ", "\u0085", "\ufeff", "a", "é", "7", "½", "!", "😀", "𐐀", "\u0301"),
    fc.string({ unit: "binary" }),
  );
  fc.assert(fc.property(fc.array(piece).map((pieces) => pieces.join("")), (text) => {
    assert.deepEqual(words(text), text.match(pattern) ?? []);
  }));
});
