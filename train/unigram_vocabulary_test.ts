import assert from "node:assert/strict";
import { loadT5Tokenizer } from "../text/load_t5_tokenizer.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { trainUnigram } from "./unigram_vocabulary.ts";
import { writeT5Tokenizer } from "./write_t5_tokenizer.ts";

const captions = ["a red apple", "A red fox", "a green apple", "the fox\tand the frog", "red\nfoxes, green apples"];

Deno.test("a unigram vocabulary has the special tokens first, every character, and the words that are frequent", async () => {
  const vocab = await trainUnigram(captions, { size: 60 });
  assert.deepEqual(vocab.slice(0, 3), [["<pad>", 0], ["</s>", 0], ["<unk>", 0]]);
  const pieces = new Map(vocab);
  assert.equal(pieces.size, vocab.length);
  assert.ok(vocab.length <= 60);
  for (const character of "\u2581aredplfoxgn,thsp") assert.ok(pieces.has(character), character);
  for (const word of ["\u2581red", "\u2581apple", "\u2581green"]) assert.ok(pieces.has(word), word);
  assert.ok([...pieces.values()].slice(3).every((score) => Number.isFinite(score) && score < 0));
});

Deno.test("the same captions in another order give the same vocabulary, and fewer pieces where less is wanted", async () => {
  const vocab = await trainUnigram(captions, { size: 60 });
  assert.deepEqual(await trainUnigram(captions.toReversed(), { size: 60 }), vocab);
  const small = await trainUnigram(captions, { size: 30 });
  assert.ok(small.length <= 30 && small.length > 20, `${small.length}`);
});

Deno.test("characters stay where there is no room for pieces, and no captions leave the special tokens", async () => {
  const vocab = await trainUnigram(["abc abd"], { size: 4 });
  assert.deepEqual(vocab.slice(3).map(([piece]) => piece).toSorted(), ["a", "b", "c", "d", "\u2581"]);
  assert.equal((await trainUnigram([], { size: 10 })).length, 3);
  await assert.rejects(trainUnigram([], { size: 3 }), RangeError);
});

Deno.test("a learnt vocabulary is a tokenizer that reads any caption, whatever its case and white space", () =>
  inTempFolder(async (folder) => {
    const vocab = await trainUnigram(captions, { size: 60 });
    await writeT5Tokenizer(folder, vocab, { modelMaxLength: 8 });
    const tokenizer = await loadT5Tokenizer(folder);
    assert.deepEqual([tokenizer.maxLength, tokenizer.eosId, tokenizer.padId], [8, 1, 0]);
    assert.equal(tokenizer.highestId, vocab.length - 1);
    const idOf = (piece: string) => vocab.findIndex(([own]) => own === piece);
    const { ids } = tokenizer.encode("  RED\n apple ");
    assert.deepEqual(ids, [idOf("\u2581red"), idOf("\u2581apple"), 1, 0, 0, 0, 0, 0]);
    for (const caption of captions) {
      assert.ok(!tokenizer.encode(caption, { maxLength: 99 }).ids.includes(2), caption);
    }
    assert.ok(tokenizer.encode("a 7").ids.includes(2));
    await assert.rejects(writeT5Tokenizer(folder, vocab, { modelMaxLength: 0 }), RangeError);
  }));
