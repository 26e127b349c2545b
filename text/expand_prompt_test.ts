import assert from "node:assert/strict";
import { expandPrompt, fillWildcards, wildcardsOf } from "./expand_prompt.ts";

Deno.test("expandPrompt() writes out every combination, and leaves a text without choices alone", () => {
  assert.deepEqual(expandPrompt("a fox"), ["a fox"]);
  assert.deepEqual(expandPrompt("{red|blue} {fox|}"), ["red fox", "red ", "blue fox", "blue "]);
  assert.deepEqual(expandPrompt("a {very {big|small}|flat} fox"), ["a very big fox", "a flat fox", "a very small fox"]);
  for (const text of ["{fox}", "a | b", "{a|b", "}{", '{"a": 1}']) assert.deepEqual(expandPrompt(text), [text]);
});

Deno.test("expandPrompt() refuses what stands for too many", () => {
  assert.equal(expandPrompt("{a|b|c|d|e|f|g|h|i|j}".repeat(4)).length, 10_000);
  for (const many of [9, 30_000]) {
    assert.throws(() => expandPrompt("{a|b|c|d|e|f|g|h|i|j}".repeat(many)), /stands for at most 10000/);
  }
});

Deno.test("fillWildcards() draws a line for each wildcard by the seed alone", () => {
  const lines = new Map([["animal", ["fox", "dog", "owl"]], ["odd/place", ["attic"]]]);
  assert.deepEqual(wildcardsOf("a __animal__ and __animal__ in __odd/place__, snake__case"), ["animal", "odd/place"]);
  const fill = (seed: number) => fillWildcards("a __animal__ in the __odd/place__ of __nobody__", { seed, lines });
  assert.match(fill(1), /^a (fox|dog|owl) in the attic of __nobody__$/);
  assert.equal(fill(7), fill(7));
  const drawn = new Set(Array.from({ length: 30 }, (_, seed) => fill(seed)));
  assert.equal(drawn.size, 3);
});
