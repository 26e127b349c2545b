import assert from "node:assert/strict";
import { tensor } from "../tensor/tensor.ts";
import { checkOptionTypes, describeValue } from "./option_types.ts";

Deno.test("every option of another kind is refused, naming it, what it should be and what was found", () => {
  const noise = (value: object) => ({ dtype: "float32", shape: [2], data: new Float32Array(2), ...value });
  for (
    const [options, message] of [
      [undefined, 'Expected options such as { prompt: "a red apple" } but found nothing'],
      ["a fox", 'Expected options such as { prompt: "a red apple" } but found "a fox"'],
      [{}, "Expected prompt to be a text or a list of texts but found nothing"],
      [{ prompt: 5 }, "Expected prompt to be a text or a list of texts but found 5"],
      [{ prompt: ["a", 5] }, "Expected prompt to be a text or a list of texts but found a list of 2 with 5 in it"],
      [{ width: "128" }, 'Expected width to be a number but found "128"'],
      [{ seed: [1, "2"] }, 'Expected seed to be a number or a list of numbers but found a list of 2 with "2" in it'],
      [{ priorGuidance: "4" }, 'Expected priorGuidance to be a number but found "4"'],
      [{ decoderTimesteps: 5 }, "Expected decoderTimesteps to be a list of numbers but found 5"],
      [{ stopAfter: "pixels" }, 'Expected stopAfter to be "prior" or "decoder" but found "pixels"'],
      [{ from: {} }, "Expected from to be what readHandOver() gives but found an object (Object)"],
      [{ signal: true }, "Expected signal to be an AbortSignal but found true"],
      [{ onTensor: {} }, "Expected onTensor to be a function but found an object (Object)"],
      [
        { priorLatents: tensor("float64", [2]) },
        "Expected priorLatents to be a float32 tensor, such as tensor() makes but found float64: convert its data with " +
        "new Float32Array(…)",
      ],
      [
        { decoderLatents: noise({ shape: [3] }) },
        "Expected decoderLatents to be a float32 tensor, such as tensor() makes but found an object (Float32Array) for shape [3]",
      ],
      [{ decoderLatents: 5 }, "Expected decoderLatents to be a float32 tensor, such as tensor() makes but found 5"],
    ] as const
  ) {
    const whole = typeof options === "object" && Object.keys(options).length > 0
      ? { prompt: "a fox", ...options }
      : options;
    assert.throws(() => checkOptionTypes(whole), { name: "ConfigError", message }, message);
  }
});

Deno.test("options of the right kinds are taken, and what is left out may be undefined or null", () => {
  const noise = tensor("float32", [1, 16, 3, 3]);
  const from = { kind: "latents", tensor: noise, options: {}, generators: [], model: { name: "x", weights: {} } };
  const texts = { prompt: ["a", "b"], negativePrompt: "", rng: "torch" };
  const numbers = { width: 128, height: null, seed: [1, 2], priorTimesteps: [1, 0], imagesPerPrompt: undefined };
  checkOptionTypes({ ...texts, ...numbers, priorLatents: noise, from, signal: AbortSignal.abort(), onTensor() {} });
});

Deno.test("describeValue() is short, whatever the value", () => {
  assert.equal(describeValue([]), "an empty list");
  assert.equal(describeValue(Symbol("x")), "a symbol");
  assert.equal(describeValue(Object.create(null)), "an object (Object)");
  assert.ok(describeValue("x".repeat(10_000)).length < 120);
});
