import assert from "node:assert/strict";
import type { Precision } from "../weights/precision.ts";
import { checkPrecision, describePrecision, formatPrecision, networkNames, parsePrecision } from "./precisions.ts";

Deno.test("parsePrecision() reads one word for all networks, or one for each", () => {
  assert.equal(parsePrecision("int8"), "int8");
  assert.equal(parsePrecision("auto"), "auto");
  assert.deepEqual(parsePrecision("prior=int8, vqgan=fp32"), { prior: "int8", vqgan: "fp32" });
  assert.equal(formatPrecision({ prior: "int8", vqgan: "fp32" }), "prior=int8,vqgan=fp32");
});

for (
  const [text, message] of [
    ["int9", 'Expected a precision out of fp32, fp16, int8, int4, auto but found "int9"; did you mean int8?'],
    ["prior=auto", 'Expected a precision out of fp32, fp16, int8, int4 but found "auto"'],
    [
      "piror=int8",
      'Expected a network out of prior, prior_text_encoder, decoder, decoder_text_encoder, vqgan but found "piror"; ' +
      "did you mean prior?",
    ],
  ] as const
) {
  Deno.test(`${text} is no precision, and the error says what is`, () => {
    assert.throws(() => parsePrecision(text), { name: "ConfigError", message });
    // What comes in from JavaScript is checked alike.
    assert.throws(() => checkPrecision(text as Precision), { name: "ConfigError", message });
  });
}

Deno.test("checkPrecision() looks into objects, whatever their types say", () => {
  assert.deepEqual(checkPrecision({ prior: "int4" }), { prior: "int4" });
  assert.throws(() => checkPrecision({ prior: "int5" as Precision }), { name: "ConfigError" });
  assert.throws(() => checkPrecision(8 as unknown as Precision), { name: "ConfigError" });
});

Deno.test("describePrecision() says one word where all networks agree, nothing where all are in full", () => {
  const all = (precision: Precision) =>
    Object.fromEntries(networkNames.map((name) => [name, { precision }])) as Parameters<typeof describePrecision>[0];
  assert.equal(describePrecision(all("fp32")), undefined);
  assert.equal(describePrecision(all("int8")), "int8");
  assert.deepEqual(describePrecision({ ...all("fp32"), prior: { precision: "int8" } }), { prior: "int8" });
});
