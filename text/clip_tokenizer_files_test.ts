import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { CheckpointError } from "../errors.ts";
import { type ClipTokenizerFiles, readClipTokenizerFiles } from "./clip_tokenizer_files.ts";

const folder = new URL("../tests/fixtures/wuerstchen/repo/wuerstchen/tokenizer/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), "utf8");

// deno-lint-ignore no-explicit-any -- free-form JSON that the tests change
type Changed = { "tokenizer.json": any; "tokenizer_config.json": any; "special_tokens_map.json": any };

function whole(): Changed {
  return {
    "tokenizer.json": JSON.parse(read("tokenizer.json")),
    "tokenizer_config.json": JSON.parse(read("tokenizer_config.json")),
    "special_tokens_map.json": JSON.parse(read("special_tokens_map.json")),
  };
}

function parts(): Changed & ClipTokenizerFiles {
  return {
    ...whole(),
    "tokenizer.json": undefined,
    "vocab.json": JSON.parse(read("vocab.json")),
    "merges.txt": read("merges.txt"),
  };
}

Deno.test("tokenizer.json and vocab.json with merges.txt say the same", () => {
  const [a, b] = [readClipTokenizerFiles(whole()), readClipTokenizerFiles(parts())];
  assert.deepEqual({ ...a, encoder: null }, { ...b, encoder: null });
  assert.deepEqual(a.encoder.encode("würstchen"), b.encoder.encode("würstchen"));
  assert.deepEqual([a.bosId, a.eosId, a.padId, a.maxLength], [812, 813, 813, 77]);
});

Deno.test("a model_max_length that is absent, null or absurdly large means 77", () => {
  for (const length of [undefined, null, 1e30, 100_001]) {
    const files = whole();
    files["tokenizer_config.json"].model_max_length = length;
    assert.equal(readClipTokenizerFiles(files).maxLength, 77);
  }
  const files = whole();
  files["tokenizer_config.json"].model_max_length = 32;
  assert.equal(readClipTokenizerFiles(files).maxLength, 32);
});

Deno.test("the pad token is the config's, and then a special token of the text as typed", () => {
  for (const files of [whole(), parts()]) {
    files["tokenizer_config.json"].pad_token = "!";
    const { padId, addedTokens } = readClipTokenizerFiles(files);
    assert.equal(padId, 0);
    assert.deepEqual(addedTokens.at(-1), { content: "!", id: 0, special: true, normalized: false, singleWord: false });
  }
});

Deno.test("special_tokens_map.json counts only where the config has no added_tokens_decoder", () => {
  for (const files of [whole(), parts()]) {
    files["special_tokens_map.json"].pad_token = { content: "!" };
    assert.equal(readClipTokenizerFiles(files).padId, 813);
    delete files["tokenizer_config.json"].added_tokens_decoder;
    assert.equal(readClipTokenizerFiles(files).padId, 0);
  }
});

Deno.test("without any config the special tokens are CLIP's own, looked for in the normalised text", () => {
  for (const files of [whole(), parts()] as ClipTokenizerFiles[]) {
    delete files["tokenizer_config.json"];
    delete files["special_tokens_map.json"];
    const { addedTokens, padId } = readClipTokenizerFiles(files);
    assert.equal(padId, 813);
    assert.deepEqual(addedTokens.map(({ content, normalized }) => ({ content, normalized })), [
      { content: "<|startoftext|>", normalized: true },
      { content: "<|endoftext|>", normalized: true },
    ]);
  }
});

Deno.test("tokenizer.json's definition of a token stands before the config's", () => {
  const [json, vocab] = [whole(), parts()];
  for (const { "tokenizer_config.json": config } of [json, vocab]) {
    for (const token of Object.values<{ normalized: boolean }>(config.added_tokens_decoder)) token.normalized = false;
  }
  assert(readClipTokenizerFiles(json).addedTokens.every(({ normalized }) => normalized));
  assert(readClipTokenizerFiles(vocab).addedTokens.every(({ normalized }) => !normalized));
});

Deno.test("bos and eos are the post-processor's, of Roberta's kind or a template", () => {
  const files = whole();
  files["tokenizer.json"].post_processor = {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "B" } }, { Sequence: { id: "A" } }, { SpecialToken: { id: "E" } }],
    special_tokens: { B: { ids: [5] }, E: { ids: [6] } },
  };
  const { bosId, eosId, padId } = readClipTokenizerFiles(files);
  assert.deepEqual([bosId, eosId, padId], [5, 6, 813]);
});

Deno.test("split_special_tokens leaves special tokens in the text to BPE", () => {
  const files = whole();
  files["tokenizer_config.json"].split_special_tokens = true;
  assert.deepEqual(readClipTokenizerFiles(files).addedTokens, []);
});

Deno.test("what is wrong is an error naming file and field", () => {
  const cases: [message: RegExp, change: (files: Changed & ClipTokenizerFiles) => void][] = [
    [/^m\/vocab\.json: Expected an object but found an array of 1$/, (files) => files["vocab.json"] = ["a"]],
    [/^m\/vocab\.json: Expected an object but found nothing$/, (files) => delete files["vocab.json"]],
    [/^m\/merges\.txt: Expected merge rules, one a line but found nothing$/, (files) => delete files["merges.txt"]],
    [
      /^m\/merges\.txt: line 2: Expected two tokens to merge but found "in"$/,
      (files) => files["merges.txt"] = "#\nin\n",
    ],
    [
      /^m\/merges\.txt: Expected merge 0 to give a token of the vocabulary but found "q x"; take vocabulary and merges of/,
      (files) => files["merges.txt"] = "#\nq x\n",
    ],
    [/^m\/tokenizer_config\.json: Expected an object but found "x"$/, (files) => files["tokenizer_config.json"] = "x"],
    [
      /^m\/tokenizer_config\.json: pad_token: Expected a token but found null$/,
      (files) => files["tokenizer_config.json"].pad_token = null,
    ],
    [
      /^m\/tokenizer_config\.json: model_max_length: Expected a whole number from 2 on but found "77"$/,
      (files) => files["tokenizer_config.json"].model_max_length = "77",
    ],
    [
      /^m\/tokenizer_config\.json: model_max_length: Expected a whole number from 2 on but found 1$/,
      (files) => files["tokenizer_config.json"].model_max_length = 1,
    ],
    [
      /^m\/tokenizer_config\.json: padding_side: Expected "right" but found "left"$/,
      (files) => files["tokenizer_config.json"].padding_side = "left",
    ],
  ];
  for (const [message, change] of cases) {
    const files = parts();
    change(files);
    assert.throws(() => readClipTokenizerFiles(files, "m/"), { name: "CheckpointError", message });
  }
});

Deno.test("what is wrong in tokenizer.json is an error naming the field", () => {
  const cases: [message: RegExp, change: (tokenizer: Changed["tokenizer.json"]) => void][] = [
    [/: model\.vocab: Expected an object but found nothing$/, (tokenizer) => delete tokenizer.model.vocab],
    [/: model\.merges: Expected an array but found nothing$/, (tokenizer) => delete tokenizer.model.merges],
    [
      /: model\.merges\[1\]: Expected two tokens to merge but found an array of 3$/,
      (tokenizer) => tokenizer.model.merges[1] = ["a", "b", "c"],
    ],
    [/: model\.unk_token: Expected a token but found null$/, (tokenizer) => tokenizer.model.unk_token = null],
    [
      /: model\.end_of_word_suffix: Expected "<\/w>" but found null$/,
      (tokenizer) => tokenizer.model.end_of_word_suffix = null,
    ],
    [/: post_processor: Expected an object but found null$/, (tokenizer) => tokenizer.post_processor = null],
    [
      /: post_processor: Expected bos, text, eos but found an object$/,
      (tokenizer) => tokenizer.post_processor = { type: "ByteLevel" },
    ],
  ];
  for (const [message, change] of cases) {
    const files = whole();
    change(files["tokenizer.json"]);
    assert.throws(() => readClipTokenizerFiles(files), { name: "CheckpointError", message });
  }
});

Deno.test("any JSON in any place is read or refused with CheckpointError", () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  const places: ((files: Changed & ClipTokenizerFiles, value: unknown) => void)[] = [
    (files, value) => files["tokenizer_config.json"] = value,
    (files, value) => files["special_tokens_map.json"] = value,
    (files, value) => files["added_tokens.json"] = value,
    (files, value) => files["vocab.json"] = value,
    (files, value) => files["tokenizer.json"] = value,
    ...["pad_token", "bos_token", "added_tokens_decoder", "additional_special_tokens", "model_max_length"].map(
      (field) => (files: Changed, value: unknown) => files["tokenizer_config.json"][field] = value,
    ),
  ];
  const inside = ["added_tokens", "post_processor", "model", "normalizer"];
  const tiny = JSON.stringify({ ...parts(), "merges.txt": "#\ni n\n" });
  const tinyWhole = whole();
  tinyWhole["tokenizer.json"].model.merges.length = 3;
  const tinyWholeText = JSON.stringify(tinyWhole);
  const attempt = (files: ClipTokenizerFiles) => {
    try {
      assert(readClipTokenizerFiles(files).maxLength >= 2);
    } catch (error) {
      assert(error instanceof CheckpointError, String(error));
    }
  };
  fc.assert(fc.property(fc.nat(places.length - 1), json, fc.boolean(), (place, value, isLegacy) => {
    const files = JSON.parse(tiny);
    if (isLegacy) delete files["tokenizer_config.json"].added_tokens_decoder;
    places[place]!(files, value);
    attempt(files);
  }));
  fc.assert(fc.property(fc.constantFrom(...inside), json, (field, value) => {
    const files = JSON.parse(tinyWholeText);
    files["tokenizer.json"][field] = value;
    attempt(files);
  }));
});
