import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { readFixture } from "../tests/read_fixture.ts";
import { ClipTokenizer } from "./clip_tokenizer.ts";
import type { ClipTokenizerFiles } from "./clip_tokenizer_files.ts";
import { normalizeClipText } from "./clip_normalizer.ts";

const root = new URL("../", import.meta.url);
const clip = "tests/fixtures/wuerstchen/tokenizer/clip/";
const tiny = "tests/fixtures/wuerstchen/repo/wuerstchen/tokenizer/";

function filesOf(folder: string): ClipTokenizerFiles {
  const files: Record<string, unknown> = {};
  for (
    const name of ["tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"]
  ) {
    const url = new URL(folder + name, root);
    if (!existsSync(url)) continue;
    const text = readFileSync(url, "utf8");
    files[name] = name.endsWith(".json") ? JSON.parse(text) : text;
  }
  return files;
}

/** From tokenizer.json, and from vocab.json and merges.txt. */
function bothWays(folder: string): Record<string, ClipTokenizer> {
  const { "tokenizer.json": whole, ...parts } = filesOf(folder);
  const { "vocab.json": _vocab, "merges.txt": _merges, ...config } = parts;
  return {
    "tokenizer.json": new ClipTokenizer({ "tokenizer.json": whole, ...config }),
    "vocab.json": new ClipTokenizer(parts),
  };
}

interface GoldenText {
  text: string;
  length_untruncated: number;
  /** The first 400. */
  ids_untruncated: number[];
  /** What diffusers' warning shows. */
  removed_text: string;
}

const golden = readFixture("tokenizer/golden");
const texts: GoldenText[] = JSON.parse(
  readFileSync(new URL("tests/fixtures/wuerstchen/tokenizer/golden/texts.json", root), "utf8"),
);
const clipTokenizers = bothWays(clip);

function assertRows(tokenizer: ClipTokenizer, { ids, mask }: { ids: string; mask?: string }): void {
  const wanted = golden.tensor<"int64">(ids).data;
  const wantedMask = mask === undefined ? undefined : golden.tensor<"int64">(mask).data;
  assert.equal(wanted.length, texts.length * 77);
  texts.forEach(({ text }, row) => {
    const encoded = tokenizer.encode(text);
    const part = [row * 77, (row + 1) * 77] as const;
    assert.deepEqual(encoded.ids, Array.from(wanted.slice(...part), Number), JSON.stringify(text));
    if (wantedMask === undefined) return;
    assert.deepEqual(encoded.attentionMask, Array.from(wantedMask.slice(...part), Number), JSON.stringify(text));
  });
}

for (const [from, tokenizer] of Object.entries(clipTokenizers)) {
  Deno.test(`encode() gives the reference's ids and masks, from ${from}`, () => {
    assertRows(tokenizer, { ids: "input_ids", mask: "attention_mask" });
  });

  Deno.test(`encode() gives the reference's untruncated ids and lengths, from ${from}`, () => {
    for (const { text, length_untruncated, ids_untruncated } of texts) {
      // One more than is looked at keeps eos out of the way.
      const { ids, length } = tokenizer.encode(text, { maxLength: Math.max(length_untruncated, 401) });
      assert.equal(length, length_untruncated, JSON.stringify(text));
      assert.deepEqual(ids.slice(0, Math.min(400, length)), ids_untruncated, JSON.stringify(text));
    }
  });

  Deno.test(`encode() shows the lost words that diffusers shows, spaced as typed, from ${from}`, () => {
    const bare = (text: string) => normalizeClipText(text).replaceAll(" ", "");
    for (const { text, removed_text, length_untruncated } of texts) {
      const { truncated } = tokenizer.encode(text);
      assert.equal(truncated !== "", length_untruncated > 77);
      assert(text.endsWith(truncated));
      // A character that is cut in two is U+FFFD there and whole here.
      const isCut = removed_text.startsWith("\ufffd");
      const wanted = bare(removed_text.replace(/^\ufffd+/, ""));
      assert.equal(isCut ? bare(truncated).slice(1) : bare(truncated), wanted, JSON.stringify(text));
    }
  });
}

for (const repo of ["wuerstchen-prior", "wuerstchen"]) {
  for (const [from, tokenizer] of Object.entries(bothWays(`tests/fixtures/wuerstchen/repo/${repo}/tokenizer/`))) {
    Deno.test(`encode() gives the reference's ids and masks with the tiny tokenizer of ${repo}, from ${from}`, () => {
      assertRows(tokenizer, { ids: `input_ids_tiny.${repo}`, mask: `attention_mask_tiny.${repo}` });
    });
  }
}

Deno.test("encode() gives the reference's ids with the pad token !, which is a special token in texts too", () => {
  const files = filesOf(clip);
  for (const name of ["tokenizer.json", "vocab.json"]) {
    const { "tokenizer.json": whole, ...rest } = files;
    const config = { ...(files["tokenizer_config.json"] as Record<string, unknown>), pad_token: "!" };
    const chosen = name === "tokenizer.json" ? { ...rest, "tokenizer.json": whole } : rest;
    assertRows(new ClipTokenizer({ ...chosen, "tokenizer_config.json": config }), { ids: "input_ids_pad_bang" });
  }
});

Deno.test("encode() pads to 24 with the bundled model's tokenizers", () => {
  for (const half of ["prior", "decoder"]) {
    const tokenizer = new ClipTokenizer(filesOf(`models/emoji/${half}/tokenizer/`));
    const { ids, attentionMask } = tokenizer.encode("A red apple on a blue background");
    // From CLIPTokenizerFast.
    assert.deepEqual(ids, [1397, 320, 554, 806, 514, 320, 569, 521, ...Array(16).fill(1398)]);
    assert.deepEqual(attentionMask, [...Array(9).fill(1), ...Array(15).fill(0)]);
  }
});

Deno.test("encode() finds special tokens in any case only where they are looked for in the normalised text", () => {
  const files = filesOf(tiny);
  delete files["tokenizer.json"];
  const config = files["tokenizer_config.json"] as { added_tokens_decoder: Record<string, { normalized: boolean }> };
  const start = (text: string) => new ClipTokenizer(files).encode(text).ids.slice(0, 5);
  assert.deepEqual(start("<|ENDOFTEXT|>"), [812, 813, 813, 813, 813]);
  assert.deepEqual(start("<|endoftext|>\u0338"), [812, 27, 347, 524, 639]);
  for (const token of Object.values(config.added_tokens_decoder)) token.normalized = false;
  // From CLIPTokenizerFast with that config.
  assert.deepEqual(start("<|ENDOFTEXT|>"), [812, 27, 347, 524, 639]);
  assert.deepEqual(start("<|endoftext|>\u0338"), [812, 813, 136, 372, 813]);
});

Deno.test("encode() takes a lone surrogate for U+FFFD", () => {
  const tokenizer = clipTokenizers["tokenizer.json"]!;
  assert.deepEqual(tokenizer.encode("a\ud83d b\ude00").ids, tokenizer.encode("a\ufffd b\ufffd").ids);
});

Deno.test("truncated starts with the whole character that lost a token, and keeps case, spaces and line ends", () => {
  const tokenizer = clipTokenizers["vocab.json"]!;
  const lost = (text: string, maxLength: number) => tokenizer.encode(text, { maxLength }).truncated;
  assert.equal(lost("One  Two \n THREE\tfour ", 4), "THREE\tfour ");
  assert.equal(lost("Supercalifragilistic!", 3), "califragilistic!");
  assert.equal(lost("x 你好", 4), "你好");
  assert.equal(lost("cafe\u0301  E\u0301te\u0301", 3), "E\u0301te\u0301");
  assert.equal(lost("a <|endoftext|> b", 3), "<|endoftext|> b");
  assert.equal(lost("a cat", 2), "a cat");
  assert.equal(lost("a cat", 4), "");
  assert.equal(lost(`${" ".repeat(100_000)}a${" ".repeat(100_000)}Cat`, 3), "Cat");
});

Deno.test("encode() refuses a maxLength without room for bos and eos", () => {
  for (const maxLength of [1, 0, -1, 2.5, NaN, Infinity, 100_001]) {
    assert.throws(() => clipTokenizers["vocab.json"]!.encode("a", { maxLength }), {
      name: "RangeError",
      message: `Expected maxLength to be a whole number of 2 to 100000 but found ${maxLength}`,
    });
  }
});

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
  fc.array(
    fc.oneof(
      fc.constantFrom("<|endoftext|>", "<|STARTOFTEXT|>", "!", "'s", " ", "\0", "\u0301", "\ud800", "שלום", "👨‍👩‍👧", "Σ"),
      fc.string({ unit: "grapheme" }),
    ),
  ).map((pieces) => pieces.join("")),
);

Deno.test("encode() takes any string: ids in the vocabulary, maxLength of them, mask and lost words to match", () => {
  const vocabSize = 49_408;
  const tokenizer = clipTokenizers["tokenizer.json"]!;
  fc.assert(
    fc.property(anyText, fc.constantFrom(2, 3, 8, 77), (text, maxLength) => {
      const { ids, attentionMask, truncated, length } = tokenizer.encode(text, { maxLength });
      assert.equal(ids.length, maxLength);
      assert(ids.every((id) => Number.isInteger(id) && id >= 0 && id < vocabSize));
      const used = Math.min(length, maxLength);
      assert.deepEqual(attentionMask, ids.map((_, i) => i < used ? 1 : 0));
      assert.equal(ids[0], tokenizer.bosId);
      assert(ids.slice(used - 1).every((id) => id === tokenizer.eosId));
      assert.equal(truncated !== "", length > maxLength);
      assert(text.toWellFormed().endsWith(truncated));
    }),
    { numRuns: 500 },
  );
});

Deno.test("encode() gives the same from tokenizer.json and from vocab.json, and again from memory", () => {
  const { "tokenizer.json": whole, "vocab.json": parts } = clipTokenizers;
  fc.assert(fc.property(anyText, (text) => {
    const first = whole!.encode(text);
    assert.deepEqual(parts!.encode(text), first);
    assert.deepEqual(whole!.encode(text), first);
  }));
});

Deno.test("encode() takes 10 MB in seconds", () => {
  const started = performance.now();
  const { ids, length, truncated } = clipTokenizers["vocab.json"]!.encode("Red apple, ".repeat(1e7 / 11));
  assert.equal(ids.length, 77);
  assert.equal(length, 2 + 3 * Math.floor(1e7 / 11));
  assert(truncated.startsWith("Red apple, "));
  assert(performance.now() - started < 30_000);
});

Deno.test("encode() takes a million letters, marks, spaces, digits or special tokens on end in seconds", () => {
  const started = performance.now();
  const lengthOf = (text: string) => clipTokenizers["vocab.json"]!.encode(text).length;
  assert.equal(lengthOf("x".repeat(1e6)), 250_002);
  assert.equal(lengthOf(" ".repeat(1e6)), 2);
  assert.equal(lengthOf("1".repeat(1e6)), 1_000_002);
  assert.equal(lengthOf("<|endoftext|>".repeat(1e5)), 100_002);
  assert(lengthOf("a" + "\u0301\u0316".repeat(1e5)) > 200_000);
  assert(performance.now() - started < 30_000);
});
