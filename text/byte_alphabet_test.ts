import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { byteAlphabet } from "./byte_alphabet.ts";

Deno.test("byteAlphabet() gives each byte a character of its own, printed ones themselves", () => {
  const alphabet = byteAlphabet();
  assert.equal(new Set(alphabet).size, 256);
  assert.deepEqual([0x21, 0x41, 0x7e, 0xe9].map((byte) => alphabet[byte]), ["!", "A", "~", "é"]);
  assert.deepEqual([0, 0x20, 0x7f, 0xad].map((byte) => alphabet[byte]), ["\u0100", "\u0120", "\u0121", "\u0143"]);
});

Deno.test("the published vocabulary begins with the alphabet by code point, inside words and at their ends", () => {
  const url = new URL("../tests/fixtures/wuerstchen/tokenizer/clip/vocab.json", import.meta.url);
  const vocab: Record<string, number> = JSON.parse(readFileSync(url, "utf8"));
  byteAlphabet().toSorted().forEach((character, id) => {
    assert.equal(vocab[character], id);
    assert.equal(vocab[`${character}</w>`], id + 256);
  });
});
