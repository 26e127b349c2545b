import assert from "node:assert/strict";
import fc from "fast-check";
import { formatParameters, parseParameters } from "./parameters.ts";

const fields = [["Steps", 60], ["Sampler", "DDPM Wuerstchen"], ["CFG scale", 4], ["Seed", 7], [
  "Size",
  "512x512",
]] as const;

Deno.test("formatParameters() writes the web UI's text", () => {
  assert.equal(
    formatParameters({ prompt: "a red apple", negativePrompt: "blurry", fields }),
    "a red apple\nNegative prompt: blurry\nSteps: 60, Sampler: DDPM Wuerstchen, CFG scale: 4, Seed: 7, Size: 512x512",
  );
  assert.equal(formatParameters({ prompt: "x", negativePrompt: "", fields }).split("\n").length, 2);
});

Deno.test("values with a comma, a colon or a line end are quoted as JSON", () => {
  const odd = [["Model", "a, b"], ["Version", "1:2"], ["Note", "two\nlines"], ["Plain", "a b"]] as const;
  const text = formatParameters({ prompt: "x", negativePrompt: "", fields: odd });
  assert.equal(text, 'x\nModel: "a, b", Version: "1:2", Note: "two\\nlines", Plain: a b');
  assert.deepEqual(parseParameters(text).fields, odd);
});

Deno.test("what formatParameters() writes is read back, several lines and odd values included", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9 _/-]{1,20}$/);
  const unit = fc.oneof(
    fc.integer({ min: 0, max: 0x2fff }).map((code) => String.fromCodePoint(code)),
    fc.constantFrom(...'\n\r,:"\\🍎 '),
  );
  const line = fc.string({ unit }).filter((value) => !value.includes("Negative prompt:"));
  fc.assert(
    fc.property(line, line, fc.array(fc.tuple(name, fc.string({ unit })), { minLength: 3 }), (a, b, pairs) => {
      const parameters = { prompt: a, negativePrompt: b, fields: pairs };
      assert.deepEqual(parseParameters(formatParameters(parameters)), parameters);
    }),
  );
});

Deno.test("a text without a line of three settings is all prompt", () => {
  assert.deepEqual(parseParameters("a: b, c"), { prompt: "a: b, c", negativePrompt: "", fields: [] });
  const two = parseParameters("a cat\nNegative prompt: a dog\nno fields here");
  assert.deepEqual(two, { prompt: "a cat", negativePrompt: "a dog\nno fields here", fields: [] });
});

Deno.test("formatParameters() refuses what the web UI would not read", () => {
  assert.throws(() => formatParameters({ prompt: "", negativePrompt: "", fields: fields.slice(0, 2) }), RangeError);
  for (const bad of ["", "a", "a:b", "a,b", "ünder"]) {
    const pairs = [...fields, [bad, 1]] as const;
    assert.throws(() => formatParameters({ prompt: "", negativePrompt: "", fields: pairs }), TypeError, bad);
  }
});

Deno.test("parseParameters() takes linear time on hostile lines", () => {
  for (
    const line of ["a".repeat(1e5), "a".repeat(1e7), 'aa: "'.repeat(2e4), "aa: ".repeat(2e4), 'aa: "\\", '.repeat(1e4)]
  ) {
    const start = performance.now();
    parseParameters(line);
    assert.ok(performance.now() - start < 2000);
  }
});
