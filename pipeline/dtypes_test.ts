import assert from "node:assert/strict";
import { checkDtypes, dtypeFor, parseDtypes } from "./dtypes.ts";

const text = { name: "prior_text_encoder", kind: "text_encoder" } as const;
const vqgan = { name: "vqgan", kind: "vqgan" } as const;

Deno.test("parseDtypes() reads a type, networks with theirs, and adds to what was said before", () => {
  assert.deepEqual(parseDtypes("fp16"), { all: "float16" });
  const said = parseDtypes("vqgan=fp32", parseDtypes("fp16"));
  assert.deepEqual(said, { all: "float16", vqgan: "float32" });
  assert.deepEqual(parseDtypes("bf16, vqgan = bf16", said), { all: "bfloat16", vqgan: "bfloat16" });
});

Deno.test("dtypeFor() takes a network's name before its kind, its kind before all, and leaves the others as they are", () => {
  const choice = parseDtypes("fp16,text_encoder=bf16,prior_text_encoder=fp32");
  assert.equal(dtypeFor(choice, text), "float32");
  assert.equal(dtypeFor(choice, { ...text, name: "decoder_text_encoder" }), "bfloat16");
  assert.equal(dtypeFor(choice, vqgan), "float16");
  assert.equal(dtypeFor(parseDtypes("prior=fp16"), vqgan), undefined);
  assert.equal(dtypeFor("bfloat16", vqgan), "bfloat16");
  assert.equal(dtypeFor(undefined, vqgan), undefined);
});

Deno.test("unknown words and networks that are not there are errors with the words that are", () => {
  assert.throws(() => parseDtypes("fp8"), {
    name: "ConfigError",
    message: 'Expected a type of weights out of fp32, fp16, bf16 but found "fp8"',
  });
  assert.throws(
    () => parseDtypes("vqan=fp16"),
    /Expected a network out of prior, .* but found "vqan"; did you mean vqgan\?/,
  );
  checkDtypes(parseDtypes("fp16,text_encoder=fp32"), [text, vqgan], { from: "x" });
  assert.throws(() => checkDtypes(parseDtypes("decoder=fp32"), [text, vqgan], { from: "./x" }), {
    name: "ConfigError",
    message: "Expected a type for prior_text_encoder, text_encoder, vqgan, as ./x has, but found one for decoder",
  });
});
