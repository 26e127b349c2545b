import assert from "node:assert/strict";
import fc from "fast-check";
import { BytePairEncoder, tokenId } from "./byte_pair_encoder.ts";

/** Ids in the order of the tokens. */
function vocabOf(...tokens: string[]): Record<string, number> {
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}

function encoder(tokens: string[], merges: string[]): BytePairEncoder {
  return new BytePairEncoder({ vocab: vocabOf(...tokens), merges, suffix: "</w>", unknownId: 99 });
}

const letters = ["a", "b", "c", "a</w>", "b</w>", "c</w>"];

Deno.test("encode() merges the pair of lowest rank first and the leftmost of equals", () => {
  const tokens = [...letters, "ab", "bc</w>", "aa", "aa</w>"];
  assert.deepEqual(encoder(tokens, ["a b", "b c</w>"]).encode("abc").ids, [6, 5]);
  assert.deepEqual(encoder(tokens, ["b c</w>", "a b"]).encode("abc").ids, [0, 7]);
  assert.deepEqual(encoder(tokens, ["a a"]).encode("aaaaa").ids, [8, 8, 3]);
});

Deno.test("encode() merges again what was merged, with a lower rank than before too", () => {
  const tokens = [...letters, "ab", "abc</w>"];
  assert.deepEqual(encoder(tokens, ["ab c</w>", "a b"]).encode("ababc").ids, [6, 7]);
});

Deno.test("encode() gives a rule that stands twice its last rank", () => {
  const tokens = [...letters, "ab", "bc</w>"];
  assert.deepEqual(encoder(tokens, ["a b", "b c</w>", "a b"]).encode("abc").ids, [0, 7]);
});

Deno.test("encode() says where in the bytes of the word each token ends", () => {
  const tokens = [...letters, "Ã", "©", "Ã©"];
  assert.deepEqual(encoder(tokens, ["Ã ©"]).encode("aéb"), { ids: [0, 8, 4], ends: [1, 3, 4] });
});

Deno.test("encode() gives a byte that is not in the vocabulary the unknown id and merges nothing with it", () => {
  assert.deepEqual(encoder([...letters, "ab</w>"], ["a b</w>"]).encode("aéab").ids, [0, 99, 99, 6]);
});

Deno.test("encode() gives the empty word no tokens", () => {
  assert.deepEqual(encoder(letters, []).encode(""), { ids: [], ends: [] });
});

Deno.test("encode() merges as the plain algorithm does, whose rules are in the order of their making", () => {
  const rules = ["a a", "b a", "aa ba", "a b</w>", "ba a</w>", "aa b</w>", "aaba aa"];
  const tokens = [...letters, ...rules.map((rule) => rule.replace(" ", ""))];
  const fast = encoder(tokens, rules);
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 60 }), (word) => {
    const symbols = [...word.slice(0, -1), `${word.at(-1)}</w>`];
    for (const rule of rules) {
      const [left, right] = rule.split(" ") as [string, string];
      for (let at = 0; at + 1 < symbols.length; at++) {
        if (symbols[at] === left && symbols[at + 1] === right) symbols.splice(at, 2, left + right);
      }
    }
    assert.deepEqual(fast.encode(word).ids, symbols.map((symbol) => tokens.indexOf(symbol)));
  }));
});

Deno.test("encode() takes a word of a million letters in seconds", () => {
  const started = performance.now();
  const { ids, ends } = encoder([...letters, "aa", "aaaa"], ["a a", "aa aa"]).encode("a".repeat(1e6));
  assert.equal(ids.length, 250_002);
  assert.equal(ends.at(-1), 1e6);
  assert(performance.now() - started < 20_000, "a quadratic algorithm would take hours");
});

Deno.test("a rule that gives no token of the vocabulary is an error naming it", () => {
  assert.throws(() => encoder(letters, ["a b", "b c"]), {
    name: "RangeError",
    message: 'Expected merge 0 to give a token of the vocabulary but found "a b"',
  });
});

Deno.test("tokenId() takes whole numbers only and nothing that objects inherit", () => {
  const vocab = JSON.parse('{"a": 3, "b": -1, "c": 1.5, "d": "4", "e": 2097152, "__proto__": {"f": 1}}');
  assert.deepEqual(["a", "b", "c", "d", "e", "f", "__proto__", "constructor"].map((token) => tokenId(vocab, token)), [
    3,
    ...Array(7).fill(undefined),
  ]);
});
