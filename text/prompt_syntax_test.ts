import assert from "node:assert/strict";
import { parsePrompt } from "./prompt_syntax.ts";

const parse = (prompt: string) => parsePrompt(prompt)?.map((part) => part.map(({ text, weight }) => [text, weight]));

Deno.test("(words:number) gives words a weight, which multiplies in groups of groups", () => {
  assert.deepEqual(parse("a (red:1.3) fox"), [[["a ", 1], ["red", 1.3], [" fox", 1]]]);
  assert.deepEqual(parse("(a (big:2) fox:.5)"), [[["a ", 0.5], ["big", 1], [" fox", 0.5]]]);
  assert.deepEqual(parse("a (fox:1)"), [[["a fox", 1]]]);
  assert.deepEqual(parse("(fox:0), (owl: 2 )"), [[["fox", 0], [", ", 1], ["owl", 2]]]);
  assert.deepEqual(parse("(fox:1e9) (owl:1000)"), [[["(fox:1e9) ", 1], ["owl", 100]]]);
});

Deno.test("BREAK as a word of its own begins a new part", () => {
  assert.deepEqual(parse("a fox BREAK in (snow:2)"), [[["a fox ", 1]], [[" in ", 1], ["snow", 2]]]);
  assert.deepEqual(parse("BREAK"), [[["", 1]], [["", 1]]]);
  assert.equal(parse("BREAKFAST, a BREAK-IN, break"), undefined);
});

Deno.test("a prompt without syntax is none of it, whatever parentheses and colons it has", () => {
  for (const text of ["", "a fox", "a (small) fox", "ratio 16:9)", "(a:b)", "((", "))", "(1:", "\\(a:2\\)", ":) (:"]) {
    assert.equal(parse(text), undefined, text);
  }
});

Deno.test("escaped parentheses are parentheses, and unmatched ones are text", () => {
  assert.deepEqual(parse("\\(small\\) (fox:2)"), [[["(small) ", 1], ["fox", 2]]]);
  assert.deepEqual(parse("((fox:2)"), [[["(", 1], ["fox", 2]]]);
  assert.deepEqual(parse("(\\(x\\) y:3) )"), [[["(x) y", 3], [" )", 1]]]);
});

Deno.test("a prompt of a hundred thousand parentheses is read at once", () => {
  const start = performance.now();
  parsePrompt("(".repeat(60_000) + ":1.1)".repeat(10_000));
  assert(performance.now() - start < 2000);
});
