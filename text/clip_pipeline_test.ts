import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { checkClipPipeline } from "./clip_pipeline.ts";

// deno-lint-ignore no-explicit-any -- free-form JSON that the tests change
function tokenizer(): any {
  const file = new URL("../tests/fixtures/wuerstchen/repo/wuerstchen/tokenizer/tokenizer.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8"));
}

Deno.test("checkClipPipeline() takes CLIP's tokenizer.json", () => {
  checkClipPipeline(tokenizer(), "tokenizer.json");
});

Deno.test("checkClipPipeline() takes the pattern that names the special tokens too, and fields left out", () => {
  const other = tokenizer();
  const split = other.pre_tokenizer.pretokenizers[0];
  split.pattern.Regex = String.raw`<\|startoftext\|>|<\|endoftext\|>|${split.pattern.Regex}`;
  for (const field of ["type", "byte_fallback", "ignore_merges", "fuse_unk"]) delete other.model[field];
  checkClipPipeline(other, "tokenizer.json");
});

Deno.test("checkClipPipeline() names the first field that differs", () => {
  const cases: [path: string, change: (other: ReturnType<typeof tokenizer>) => void, found: string][] = [
    ["normalizer", (other) => delete other.normalizer, "nothing"],
    ["normalizer.normalizers", (other) => other.normalizer.normalizers.pop(), "an array of 2"],
    ["normalizer.normalizers[0].type", (other) => other.normalizer.normalizers[0].type = "NFKC", '"NFKC"'],
    [
      "normalizer.normalizers[1].pattern.Regex",
      (other) => other.normalizer.normalizers[1].pattern = { Regex: "x" },
      '"x"',
    ],
    ["pre_tokenizer.pretokenizers[0].invert", (other) => other.pre_tokenizer.pretokenizers[0].invert = false, "false"],
    ["model.type", (other) => other.model.type = "Unigram", '"Unigram"'],
    ["model.dropout", (other) => other.model.dropout = 0.1, "0.1"],
  ];
  for (const [path, change, found] of cases) {
    const other = tokenizer();
    change(other);
    assert.throws(() => checkClipPipeline(other, "x/tokenizer.json"), {
      name: "CheckpointError",
      message: `x/tokenizer.json: ${path}: Expected what CLIP's tokenizer has but found ${found}`,
    });
  }
});
