import assert from "node:assert/strict";
import { bfloat16Bits, bfloat16Value } from "./bfloat16.ts";

Deno.test("bfloat16Bits() rounds to nearest and ties to even", () => {
  assert.equal(bfloat16Bits(1), 0x3f80);
  assert.equal(bfloat16Bits(-2), 0xc000);
  // One unit in the last place at 1 is 2 ** -7.
  assert.equal(bfloat16Bits(1 + 2 ** -8), 0x3f80);
  assert.equal(bfloat16Bits(1 + 3 * 2 ** -8), 0x3f82);
  assert.equal(bfloat16Bits(1 + 2 ** -8 + 2 ** -20), 0x3f81);
});

Deno.test("bfloat16Bits() keeps zero's sign, infinity and NaN, and overflows to infinity", () => {
  assert.equal(bfloat16Bits(0), 0);
  assert.equal(bfloat16Bits(-0), 0x8000);
  assert.equal(bfloat16Bits(Infinity), 0x7f80);
  assert.equal(bfloat16Bits(-Infinity), 0xff80);
  assert.equal(bfloat16Bits(3.4e38), 0x7f80);
  assert.equal(bfloat16Bits(NaN), 0x7fc0);
});

Deno.test("every bfloat16 survives bfloat16Value() and bfloat16Bits()", () => {
  for (let half = 0; half < 65536; half++) {
    const value = bfloat16Value(half);
    assert.equal(bfloat16Bits(value), Number.isNaN(value) ? 0x7fc0 : half);
  }
});
