import assert from "node:assert/strict";
import { AlignedText } from "./aligned_text.ts";

const origins = (text: AlignedText) => Array.from(text.text, (_, i) => text.originOf(i));

Deno.test("every unit knows its origin through replacements, prefixes, cuts and changes of case", () => {
  const source = AlignedText.from("a  b \u0130", 10);
  const joined = source.replaced(/ {2,}/g, "_");
  assert.equal(joined.text, "a_b \u0130");
  assert.deepEqual(origins(joined), [10, 11, 13, 14, 15]);
  const lower = joined.mapped((character) => character.toLowerCase());
  assert.equal(lower.text, "a_b i\u0307");
  assert.deepEqual(origins(lower), [10, 11, 13, 14, 15, 15]);
  const part = lower.slice(2).prefixed(">");
  assert.equal(part.text, ">b i\u0307");
  assert.deepEqual(origins(part), [13, 13, 14, 15, 15]);
  const words = [...part.matches(/[^ ]+/g)];
  assert.deepEqual(words.map(({ text }) => text), [">b", "i\u0307"]);
  assert.deepEqual(words.map(origins), [[13, 13], [15, 15]]);
});

Deno.test("trimmedEnd() takes Unicode's white space away, and nothing else", () => {
  assert.equal(AlignedText.from(" a \u0085\u3000\n", 0).trimmedEnd().text, " a");
  assert.equal(AlignedText.from("a\ufeff", 0).trimmedEnd().text, "a\ufeff");
  assert.equal(AlignedText.from("   ", 0).trimmedEnd().text, "");
});
