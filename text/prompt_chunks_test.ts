import assert from "node:assert/strict";
import { ClipTokenizer } from "./clip_tokenizer.ts";
import { chunkTokens } from "./prompt_chunks.ts";
import { parsePrompt } from "./prompt_syntax.ts";

const letters = [..."abcdefgh"];
const tokens = [...letters, ...letters.map((letter) => `${letter}</w>`), "<|startoftext|>", "<|endoftext|>"];
/** A word a letter, five of them in a row: a is 8 … h is 15, the start 16 and the end 17. */
const tokenizer = new ClipTokenizer({
  "vocab.json": Object.fromEntries(tokens.map((token, id) => [token, id])),
  "merges.txt": "#version: 0.2\n",
  "tokenizer_config.json": { model_max_length: 7 },
});

const chunksOf = (prompt: string, chunk: boolean) =>
  chunkTokens(parsePrompt(prompt) ?? [[{ text: prompt, weight: 1 }]], tokenizer, { chunk });

Deno.test("a prompt without weights has the tokens that the tokenizer gives it", () => {
  for (const prompt of ["", "a b", "a b c d e", "a b c d e f g"]) {
    const { chunks, lost } = chunksOf(prompt, false);
    const encoded = tokenizer.encode(prompt);
    assert.deepEqual(chunks, [{ ids: encoded.ids, mask: encoded.attentionMask, weights: Array(7).fill(1) }]);
    assert.equal(lost, encoded.truncated);
  }
});

Deno.test("what does not fit goes on in further rows", () => {
  const { chunks, lost } = chunksOf("a b c d e f g", true);
  assert.deepEqual(chunks.map(({ ids }) => ids), [[16, 8, 9, 10, 11, 12, 17], [16, 13, 14, 17, 17, 17, 17]]);
  assert.deepEqual(chunks[1]!.mask, [1, 1, 1, 1, 0, 0, 0]);
  assert.equal(lost, "");
});

Deno.test("each token has the weight of its piece, and each part a row", () => {
  const { chunks } = chunksOf("a (b c:2) BREAK d", false);
  assert.deepEqual(chunks.map(({ ids }) => ids), [[16, 8, 9, 10, 17, 17, 17], [16, 11, 17, 17, 17, 17, 17]]);
  assert.deepEqual(chunks[0]!.weights, [1, 1, 2, 2, 1, 1, 1]);
});

Deno.test("what is cut off of a weighted prompt is told", () => {
  const { chunks, lost } = chunksOf("a b (c d e f:2) g", false);
  assert.deepEqual(chunks[0]!.ids, [16, 8, 9, 10, 11, 12, 17]);
  assert.equal(lost, "f");
});
