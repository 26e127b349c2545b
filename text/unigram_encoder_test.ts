import assert from "node:assert/strict";
import fc from "fast-check";
import { UnigramEncoder } from "./unigram_encoder.ts";

const vocab = [["<unk>", 0], ["a", -1], ["b", -1.5], ["ab", -2], ["abc", -9], ["ba", -2.5]] as const;
const encoder = new UnigramEncoder({ vocab, unknownId: 0 });
const scoreOf = new Map<string, number>(vocab);

/** The largest sum over every way to split a text into pieces and unknown characters. */
function bestScore(text: string): number {
  if (text === "") return 0;
  const sums = Array.from({ length: text.length }, (_, i) => {
    const piece = text.slice(0, i + 1);
    const score = scoreOf.get(piece) ?? (i === 0 ? -19 : -Infinity);
    return score + bestScore(text.slice(i + 1));
  });
  return Math.max(...sums);
}

Deno.test("no other way to split a text has a larger sum of scores", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 9 }), (text) => {
    const { starts } = encoder.encode(text);
    const pieces = starts.map((start, i) => text.slice(start, starts[i + 1]));
    const sum = pieces.reduce((all, piece) => all + (scoreOf.get(piece) ?? -19 * piece.length), 0);
    assert.equal(pieces.join(""), text);
    assert.ok(Math.abs(sum - bestScore(text)) < 1e-9, `${pieces}: ${sum} and not ${bestScore(text)}`);
  }));
});

Deno.test("unknown characters in a row are one token, also those of two units", () => {
  assert.deepEqual(encoder.encode("a\u{1f600}zb"), { ids: [1, 0, 2], starts: [0, 1, 4] });
  assert.deepEqual(encoder.encode("z"), { ids: [0], starts: [0] });
  assert.deepEqual(encoder.encode(""), { ids: [], starts: [] });
});

Deno.test("a vocabulary without its unknown token, and pieces without text or score, are refused", () => {
  assert.throws(() => new UnigramEncoder({ vocab, unknownId: 9 }), /unknown id to be below 6 but found 9/);
  assert.throws(() => new UnigramEncoder({ vocab: [["", 0]], unknownId: 0 }), /found one of 0/);
  assert.throws(() => new UnigramEncoder({ vocab: [["x".repeat(1025), 0]], unknownId: 0 }), /found one of 1025/);
  assert.throws(() => new UnigramEncoder({ vocab: [["x", NaN]], unknownId: 0 }), /as the score of 0 but found NaN/);
});
