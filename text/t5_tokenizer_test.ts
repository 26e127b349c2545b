import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { T5Tokenizer } from "./t5_tokenizer.ts";
import type { TokenizerFiles } from "./tokenizer_source.ts";

const folder = new URL("../tests/fixtures/t5/tokenizer/", import.meta.url);
const json = (name: string) => JSON.parse(Deno.readTextFileSync(new URL(name, folder)));
const whole = json("tokenizer.json");
const config = json("tokenizer_config.json");

type Variant = "always" | "never" | "first" | "split" | "plain" | "lower";
type Case = { text: string; cut: number[] } & Record<Variant, number[]>;
const cases: Case[] = json("../tokenizer_cases.json");

function tokenizer(fields: Record<string, unknown> = {}, settings: Record<string, unknown> = {}): T5Tokenizer {
  const files: TokenizerFiles = {
    "tokenizer.json": { ...whole, ...fields },
    "tokenizer_config.json": { ...config, ...settings },
  };
  return new T5Tokenizer(files, "FOLDER");
}

const steps: unknown[] = whole.normalizer.normalizers;
const metaspace = { type: "Metaspace", replacement: "\u2581" };
const variants: Record<Variant, Record<string, unknown>> = {
  always: {},
  never: { pre_tokenizer: { ...metaspace, prepend_scheme: "never", split: true } },
  first: { pre_tokenizer: { ...metaspace, prepend_scheme: "first", split: true } },
  split: {
    normalizer: steps[0],
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "WhitespaceSplit" }, { ...metaspace, add_prefix_space: true }],
    },
  },
  plain: { normalizer: { type: "Sequence", normalizers: steps.slice(1) } },
  lower: { normalizer: { type: "Sequence", normalizers: [{ type: "Lowercase" }, ...steps] } },
};

for (const [name, fields] of Object.entries(variants) as [Variant, Record<string, unknown>][]) {
  Deno.test(`awkward texts have the reference's ids: ${name}`, () => {
    const own = tokenizer(fields);
    for (const { text, [name]: expected } of cases) {
      assert.deepEqual(own.encode(text, { maxLength: expected.length }).ids, expected, JSON.stringify(text));
    }
  });
}

Deno.test("texts are cut and padded as by the reference, with a mask that tells padding", () => {
  const own = tokenizer();
  for (const { text, cut, always } of cases) {
    const { ids, attentionMask, length, truncated } = own.encode(text);
    assert.deepEqual(ids, cut, JSON.stringify(text));
    assert.equal(attentionMask.reduce((sum, one) => sum + one), Math.min(always.length, cut.length));
    assert.equal(length, always.length);
    assert.equal(truncated !== "", always.length > cut.length, JSON.stringify(text));
  }
});

Deno.test("what did not fit is the end of the text as it was typed, from the first lost token on", () => {
  const own = tokenizer();
  const lost = (text: string, maxLength: number) => own.encode(text, { maxLength }).truncated;
  assert.equal(lost("a red   apple, a green apple", 3), "apple, a green apple");
  assert.equal(lost("a \uff52\uff45\uff44  \uff41pple", 3), "\uff41pple");
  assert.equal(lost("a</s> red apple", 2), "</s> red apple");
  assert.equal(lost("\ufb01ne", 1), "\ufb01ne");
  assert.equal(lost("a red apple", 4), "");
});

Deno.test("a lone surrogate is one unknown character, and a word without end takes linear time", () => {
  const own = tokenizer();
  assert.deepEqual(own.encode("\ud800", { maxLength: 3 }).ids, own.encode("\ufffd", { maxLength: 3 }).ids);
  assert.equal(own.encode("z".repeat(200_000), { maxLength: 4 }).length, 200_002);
});

Deno.test("a maxLength without room for the end of text is refused", () => {
  assert.throws(() => tokenizer().encode("", { maxLength: 0 }), RangeError);
  assert.throws(() => tokenizer().encode("", { maxLength: 100_001 }), RangeError);
});

Deno.test("files that ask for another tokenizer than T5's are errors that name file and field", () => {
  const refuse = (fields: Record<string, unknown>, message: RegExp, settings: Record<string, unknown> = {}) => {
    assert.throws(() => tokenizer(fields, settings), (error: Error) => {
      assert(error instanceof CheckpointError);
      assert.match(error.message, message);
      return true;
    });
  };
  refuse({ normalizer: { type: "NFD" } }, /^FOLDER\/tokenizer.json: normalizer: Expected what T5's/);
  refuse({ normalizer: { type: "Precompiled", precompiled_charsmap: "AAAA" } }, /precompiled_charsmap: .*no|none/);
  refuse({ normalizer: { type: "Precompiled", precompiled_charsmap: "%" } }, /precompiled_charsmap: /);
  refuse({ pre_tokenizer: { type: "ByteLevel" } }, /pre_tokenizer: Expected what T5's/);
  refuse({ pre_tokenizer: { ...metaspace, replacement: "_" } }, /pre_tokenizer.replacement/);
  refuse({ pre_tokenizer: { ...metaspace, prepend_scheme: "last" } }, /prepend_scheme: .*found "last"/);
  refuse({ model: { type: "BPE" } }, /model.type: Expected "Unigram" but found "BPE"/);
  refuse({ model: { ...whole.model, byte_fallback: true } }, /byte_fallback/);
  refuse({ model: { ...whole.model, unk_id: null } }, /unk_id/);
  refuse({ model: { ...whole.model, unk_id: 9999 } }, /model: Expected the unknown id to be below/);
  refuse({ model: { ...whole.model, vocab: [["a"]] } }, /model.vocab\[0\]: Expected a piece and its score/);
  refuse({ post_processor: { type: "BertProcessing" } }, /post_processor: Expected text, eos/);
  refuse({}, /model_max_length/, { model_max_length: 0 });
  refuse({}, /padding_side/, { padding_side: "left" });
});
