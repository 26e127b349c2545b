import assert from "node:assert/strict";
import { AlignedText } from "./aligned_text.ts";
import { PrecompiledCharsmap } from "./precompiled_charsmap.ts";

const file = new URL("../tests/fixtures/t5/tokenizer/tokenizer.json", import.meta.url);
const { normalizer } = JSON.parse(Deno.readTextFileSync(file));
const bytes = Uint8Array.from(
  atob(normalizer.normalizers[0].precompiled_charsmap),
  (character) => character.charCodeAt(0),
);
const table = new PrecompiledCharsmap(bytes);
const changed = (text: string) => table.normalize(AlignedText.from(text, 0));

Deno.test("characters grow, shrink, go and join, and each unit knows where it was", () => {
  const found = changed("\ufb01\u200be\u0301\uff01\t");
  assert.equal(found.text, "fi\u00e9! ");
  assert.deepEqual([0, 1, 2, 3, 4].map((i) => found.originOf(i)), [0, 0, 2, 4, 5]);
});

Deno.test("a grapheme of up to 5 bytes becomes what its shortest known beginning becomes, a longer one goes by characters", () => {
  assert.equal(changed("\r\n").text, " ");
  assert.equal(changed("\uff41\u0300").text, "a");
  assert.equal(changed("\uff41\u0300\u0300").text, "a\u0300\u0300");
});

Deno.test("bytes that are no table are refused", () => {
  for (const size of [0, 3, 4]) assert.throws(() => new PrecompiledCharsmap(bytes.subarray(0, size)), RangeError);
  assert.throws(() => new PrecompiledCharsmap(Uint8Array.of(255, 255, 255, 255, 0)), RangeError);
  // A table cut short in its texts ends them.
  assert.equal(
    new PrecompiledCharsmap(bytes.subarray(0, bytes.length - 1)).normalize(AlignedText.from("x", 0)).text,
    "x",
  );
});
