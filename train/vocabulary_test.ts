import assert from "node:assert/strict";
import fc from "fast-check";
import { byteAlphabet } from "../text/byte_alphabet.ts";
import { ClipTokenizer } from "../text/clip_tokenizer.ts";
import { normalizeClipText } from "../text/clip_normalizer.ts";
import { clipWords } from "../text/clip_words.ts";
import { trainVocabulary, type Vocabulary } from "./vocabulary.ts";

function tokenizerOf({ vocab, merges }: Vocabulary): ClipTokenizer {
  return new ClipTokenizer({ "vocab.json": vocab, "merges.txt": ["#version: 0.2", ...merges, ""].join("\n") });
}

/** The paper's algorithm word for word: all pairs are counted anew for each merge. */
function plainMerges(captions: readonly string[], count: number): string[] {
  const alphabet = byteAlphabet();
  const sorted = alphabet.toSorted();
  const tokens = [...sorted, ...sorted.map((letter) => `${letter}</w>`)];
  let words = captions.flatMap((caption) => {
    const text = normalizeClipText(caption.toWellFormed());
    return [...clipWords(text)].map(([start, end]) => {
      const letters = Array.from(new TextEncoder().encode(text.slice(start, end)), (byte) => alphabet[byte]!);
      return letters.with(-1, `${letters.at(-1)}</w>`);
    });
  });
  const merges: string[] = [];
  while (merges.length < count) {
    const counts = new Map<string, number>();
    for (const word of words) {
      for (let i = 1; i < word.length; i++) {
        const pair = `${word[i - 1]} ${word[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const ids = (pair: string) => pair.split(" ").map((token) => tokens.indexOf(token)) as [number, number];
    const [best] = [...counts].filter(([, times]) => times >= 2).sort(([a, timesOfA], [b, timesOfB]) =>
      timesOfB - timesOfA || ids(a)[0] - ids(b)[0] || ids(a)[1] - ids(b)[1]
    );
    if (best === undefined) break;
    const [pair] = best;
    const [left, right] = pair.split(" ") as [string, string];
    merges.push(pair);
    if (!tokens.includes(left + right)) tokens.push(left + right);
    words = words.map((word) => {
      const merged: string[] = [];
      for (let i = 0; i < word.length; i++) {
        const isPair = word[i] === left && word[i + 1] === right;
        merged.push(isPair ? left + right : word[i]!);
        if (isPair) i++;
      }
      return merged;
    });
  }
  return merges;
}

Deno.test("trainVocabulary() learns what the paper's plain algorithm learns", async () => {
  const word = fc.string({ unit: fc.constantFrom(..."aab "), maxLength: 12 });
  const caption = fc.oneof(word, fc.string({ unit: "grapheme", maxLength: 8 }));
  await fc.assert(fc.asyncProperty(fc.array(caption, { maxLength: 12 }), async (captions) => {
    const { merges } = await trainVocabulary(captions, { size: 514 + 30 });
    assert.deepEqual(merges, plainMerges(captions, 30));
  }));
});

Deno.test("ids are CLIP's: bytes, bytes at a word's end, merges in their order, start and end of text", async () => {
  const { vocab, merges } = await trainVocabulary(["low low low lower lower"], { size: 1000 });
  // 5 times l o, then 3 times "lo w</w>" before twice "e r</w>", "lo w" and "low er</w>", of which the first has the smaller ids.
  assert.deepEqual(merges, ["l o", "lo w</w>", "e r</w>", "w er</w>", "lo wer</w>"]);
  assert.deepEqual([vocab["!"], vocab["!</w>"], vocab["lo"], vocab["lower</w>"]], [0, 256, 512, 516]);
  assert.deepEqual([vocab["<|startoftext|>"], vocab["<|endoftext|>"]], [517, 518]);
  assert.deepEqual(Object.values(vocab).sort((a, b) => a - b), Array.from({ length: 519 }, (_, id) => id));
});

Deno.test("the order of captions does not matter, nor case, spaces and where they come from", async () => {
  const captions = ["A red  apple, flat", "a green\tapple", "the apple tree", "red tree"];
  const wanted = await trainVocabulary(captions, { size: 540 });
  async function* stream() {
    yield* captions.toReversed().map((caption) => caption.toUpperCase());
  }
  assert.deepEqual(await trainVocabulary(stream(), { size: 540 }), wanted);
  assert(wanted.vocab["apple</w>"] !== undefined);
});

Deno.test("size bounds the vocabulary, and leastCount keeps rare pairs out of it", async () => {
  const captions = ["apple apple", "banana"];
  assert.equal(Object.keys((await trainVocabulary(captions, { size: 516 })).vocab).length, 516);
  assert.equal((await trainVocabulary(captions, { size: 514 })).merges.length, 0);
  const { vocab } = await trainVocabulary(captions, { size: 600 });
  assert(vocab["apple</w>"] !== undefined && vocab["banana</w>"] === undefined);
  const all = await trainVocabulary(captions, { size: 600, leastCount: 1 });
  assert(all.vocab["banana</w>"] !== undefined);
  assert.equal(Object.keys((await trainVocabulary([], { size: 600 })).vocab).length, 514);
});

Deno.test("any text has tokens, learned or not, and its bytes come back", async () => {
  const vocabulary = await trainVocabulary(["red apple", "red fox, flat, on a teal background"], { size: 560 });
  const tokenizer = tokenizerOf(vocabulary);
  const tokens = Object.keys(vocabulary.vocab).sort((a, b) => vocabulary.vocab[a]! - vocabulary.vocab[b]!);
  const alphabet = byteAlphabet();
  for (const text of ["red apple", "zebra", "🦊👨‍👩‍👧", "赤いリンゴ", "Ünïcödé 123", "\0\u0007", "\ud800"]) {
    const { ids } = tokenizer.encode(text);
    const spelled = ids.slice(1, ids.indexOf(tokenizer.eosId)).map((id) => tokens[id]!.replace("</w>", " ")).join("");
    const bytes = Uint8Array.from(spelled.replaceAll(" ", ""), (letter) => alphabet.indexOf(letter));
    const wanted = normalizeClipText(text.toWellFormed()).replaceAll(" ", "");
    assert.equal(new TextDecoder().decode(bytes), wanted, text);
  }
});

Deno.test("<|endoftext|> in a caption teaches no tokens, nor does a word without end", async () => {
  const captions = Array<string>(5).fill(`<|ENDOFTEXT|>${"x".repeat(600)}<|startoftext|>`);
  assert.deepEqual((await trainVocabulary(captions, { size: 600 })).merges, []);
});

Deno.test("sizes and counts that cannot be are refused", async () => {
  for (const size of [513, 49_409, 600.5, NaN]) {
    await assert.rejects(trainVocabulary([], { size }), {
      name: "RangeError",
      message: `Expected the vocabulary's size to be an integer from 514 to 49408 but found ${size}`,
    });
  }
  await assert.rejects(trainVocabulary([], { size: 600, leastCount: 0 }), /leastCount .* found 0$/);
});
