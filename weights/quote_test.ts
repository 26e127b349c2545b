import assert from "node:assert/strict";
import { quote, quoteSome } from "./quote.ts";

Deno.test("quote() escapes what a terminal obeys and leaves letters alone", () => {
  assert.equal(quote("blocks.0.weight é 漢 😀"), '"blocks.0.weight é 漢 😀"');
  assert.equal(quote('a"b\\c'), '"a\\"b\\\\c"');
  assert.equal(quote("\x1b[2J\n\u202e\u009b"), '"\\u001b[2J\\u000a\\u202e\\u009b"');
});

Deno.test("quote() cuts long text, between characters", () => {
  assert.equal(quote("x".repeat(1_000_000)), `"${"x".repeat(100)}…"`);
  assert(quote("x".repeat(99) + "😀😀").isWellFormed());
});

Deno.test("quoteSome() names five and counts the rest", () => {
  assert.equal(quoteSome(["a", "b"]), '"a", "b"');
  assert.equal(quoteSome([..."abcdefg"]), '"a", "b", "c", "d", "e" and 2 more');
});
