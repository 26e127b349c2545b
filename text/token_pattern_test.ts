import assert from "node:assert/strict";
import fc from "fast-check";
import type { AddedToken } from "./added_tokens.ts";
import { TokenPattern } from "./token_pattern.ts";

function token(content: string, id: number, singleWord = false): AddedToken {
  return { content, id, singleWord, normalized: false, special: true };
}

function split(tokens: AddedToken[], text: string): (string | number)[] {
  return [...new TokenPattern(tokens).split(text)].map(({ text, id }) => id ?? text);
}

Deno.test("TokenPattern finds the leftmost and there the longest token", () => {
  const tokens = [token("<a", 1), token("<ab>", 2), token("b>", 3)];
  assert.deepEqual(split(tokens, "x<ab><a<aab>"), ["x", 2, 1, 1, "a", 3]);
});

Deno.test("TokenPattern takes the first of two tokens with the same content", () => {
  assert.deepEqual(split([token("<a>", 1), token("<a>", 2)], "<a>"), [1]);
});

Deno.test("TokenPattern finds single-word tokens only between characters that are no word's", () => {
  const tokens = [token("cat", 1, true)];
  assert.deepEqual(split(tokens, "cat, cats concat cat\u0301 𐐀cat😀cat"), [1, ", cats concat cat\u0301 𐐀cat😀", 1]);
});

Deno.test("TokenPattern's parts make up the text, each where it says", () => {
  const tokens = [token("!", 0), token("ab", 1), token("b", 2, true)];
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", "b", "!", " ", "é", "😀") }), (text) => {
    let end = 0;
    for (const part of new TokenPattern(tokens).split(text)) {
      assert.equal(part.start, end);
      assert.notEqual(part.text, "");
      end += part.text.length;
      assert.equal(text.slice(part.start, end), part.text);
    }
    assert.equal(end, text.length);
  }));
});
