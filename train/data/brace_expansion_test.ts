import assert from "node:assert/strict";
import { ConfigError } from "../../errors.ts";
import { expandBraces } from "./brace_expansion.ts";

Deno.test("expandBraces() counts with the zeros of the range's first number", () => {
  assert.deepEqual(expandBraces("a-{08..11}.tar"), ["a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"]);
  assert.deepEqual(expandBraces("{0..1}/{1..2}.tar"), ["0/1.tar", "0/2.tar", "1/1.tar", "1/2.tar"]);
  assert.deepEqual(expandBraces("plain {x}.tar"), ["plain {x}.tar"]);
});

Deno.test("expandBraces() refuses empty and endless ranges", () => {
  assert.throws(() => expandBraces("{5..4}.tar"), ConfigError);
  assert.throws(() => expandBraces("{0..9999999}.tar"), ConfigError);
});
