import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError } from "../errors.ts";
import { checkPrompt, longestPromptBytes } from "./prompt.ts";

Deno.test("checkPrompt() returns every usual prompt as it is, the empty and right-to-left ones too", () => {
  for (const prompt of ["", " ", "a red apple", "تفاحة حمراء", "\u202eright to left", "👨‍👩‍👧", "tab\there\nand line"]) {
    assert.equal(checkPrompt(prompt), prompt);
  }
});

Deno.test("checkPrompt() takes 131072 bytes of UTF-8 and not one more", () => {
  assert.equal(longestPromptBytes, 131_072);
  assert.equal(checkPrompt("é".repeat(65_536)).length, 65_536);
  assert.throws(() => checkPrompt(`a${"é".repeat(65_536)}`), {
    name: "ConfigError",
    message: "Expected a prompt of at most 131072 bytes of UTF-8 but found 131073; shorten it",
  });
});

Deno.test("checkPrompt() refuses 10 MB", () => {
  assert.throws(() => checkPrompt("x".repeat(1e7)), { name: "ConfigError", message: /found 10000000/ });
});

Deno.test("checkPrompt() names the position of a NUL and of a lone surrogate", () => {
  assert.throws(() => checkPrompt("a😀b\0"), { name: "ConfigError", message: /NUL \(U\+0000\) at position 4/ });
  assert.throws(() => checkPrompt("a😀\ud83d"), {
    name: "ConfigError",
    message: /lone surrogate \(U\+D83D\) at position 3/,
  });
  assert.throws(() => checkPrompt("\ude00a"), {
    name: "ConfigError",
    message: /lone surrogate \(U\+DE00\) at position 0/,
  });
});

Deno.test("checkPrompt() returns the prompt or throws ConfigError, whatever the UTF-16 units", () => {
  const text = fc.array(fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 0xd83d, 0xde00, 0x61)))
    .map((units) => String.fromCharCode(...units));
  fc.assert(fc.property(text, (prompt) => {
    const isFine = !prompt.includes("\0") && prompt.isWellFormed();
    if (isFine) assert.equal(checkPrompt(prompt), prompt);
    else assert.throws(() => checkPrompt(prompt), ConfigError);
  }));
});
