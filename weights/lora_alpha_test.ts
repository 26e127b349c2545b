import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { adapterConfig, loraAlpha } from "./lora_alpha.ts";

const file = "a.safetensors";

Deno.test("the factor is alpha / rank, or alpha / √rank where it is rank-stabilised", () => {
  assert.equal(loraAlpha({ lora_alpha: 8 }, { file }).scale("out.1", 4), 2);
  assert.equal(loraAlpha({ lora_alpha: 8, use_rslora: true }, { file }).scale("out.1", 4), 4);
});

Deno.test("alpha_pattern matches the end of a module's path, or all of it after ^", () => {
  const alpha_pattern = { "attention.to_v": 6, "^out.1": 12, "blocks\\.0\\.mapper": 3 };
  const { scale } = loraAlpha({ lora_alpha: 2, alpha_pattern }, { file });
  assert.equal(scale("blocks.2.attention.to_v", 2), 3);
  assert.equal(scale("out.1", 2), 6);
  assert.equal(scale("blocks.0.mapper", 1), 3);
  for (const module of ["layout.1", "blocks.out.1", "blocks.2.attention.to_vs", "blocks.2.attention.to_q"]) {
    assert.equal(scale(module, 2), 1, module);
  }
});

Deno.test("a pattern that is more than a path is refused", () => {
  for (const key of ["to_[qk]", "(a+)+$", ".*"]) {
    const config = { lora_alpha: 2, alpha_pattern: { [key]: 1 } };
    assert.throws(() => loraAlpha(config, { file }), CheckpointError, key);
  }
  assert.throws(
    () => loraAlpha({ lora_alpha: 2, alpha_pattern: { "to_(q|k)": 1 } }, { file }),
    new CheckpointError(
      'a.safetensors: adapter setting "alpha_pattern": expected paths of modules with a number each but found "to_(q|k)"',
    ),
  );
});

Deno.test("adapters that compute something else are refused by the setting that says so", () => {
  for (
    const [setting, said] of [
      [{ use_dora: true }, '"use_dora" is true'],
      [{ lora_bias: true }, '"lora_bias" is true'],
      [{ peft_type: "LOHA" }, '"peft_type" is "LOHA"'],
      [{ init_lora_weights: "pissa_niter_4" }, '"init_lora_weights" is "pissa_niter_4"'],
      [{ arrow_config: {} }, '"arrow_config" is {}'],
      [{ lora_alpha: "8" }, '"lora_alpha" is "8"'],
    ] as const
  ) {
    assert.throws(
      () => loraAlpha({ lora_alpha: 4, ...setting }, { file }),
      new CheckpointError(`a.safetensors: adapter setting ${said}, which is not supported`),
    );
  }
  loraAlpha({ lora_alpha: 4, use_dora: false, arrow_config: null, init_lora_weights: "gaussian" }, { file });
});

Deno.test("each network's settings stand under the prefix of its keys", () => {
  const config = { "prior.lora_alpha": 8, "prior.r": 4, "text_encoder.lora_alpha": 1, lora_alpha: 3 };
  const metadata = { lora_adapter_metadata: JSON.stringify(config) };
  assert.deepEqual(adapterConfig(metadata, { prefix: "prior.", file }), { lora_alpha: 8, r: 4 });
  assert.deepEqual(adapterConfig(metadata, { prefix: "text_encoder.", file }), { lora_alpha: 1 });
  assert.deepEqual(adapterConfig(metadata, { prefix: "", file }), { lora_alpha: 3 });
  assert.equal(adapterConfig(metadata, { prefix: "decoder.", file }), undefined);
  assert.equal(adapterConfig({ format: "pt" }, { prefix: "prior.", file }), undefined);
});

Deno.test("metadata that are no JSON object are an error", () => {
  for (const text of ["{", "[]", '{"a":1,"a":2}']) {
    assert.throws(
      () => adapterConfig({ lora_adapter_metadata: text }, { prefix: "", file }),
      /^CheckpointError: a\.safetensors: metadata "lora_adapter_metadata": (not valid JSON|expected a JSON object)/,
    );
  }
});
