import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { AddedTokens, tokenContent } from "./added_tokens.ts";

Deno.test("add() takes the vocabulary's id, else the next free one, whatever the file states", () => {
  const added = new AddedTokens({ a: 0, "<b>": 1, c: 2 });
  assert.equal(added.add({ content: "<x>", id: 77 }, "f", { special: false }).id, 3);
  assert.equal(added.add({ content: "<b>", id: 77 }, "f", { special: false }).id, 1);
  assert.equal(added.add("<y>", "f", { special: true }).id, 4);
});

Deno.test("add() keeps the first definition of a token", () => {
  const added = new AddedTokens({});
  const first = added.add({ content: "<x>", normalized: true, special: true }, "f", { special: false });
  assert.equal(added.add({ content: "<x>", normalized: false }, "f", { special: false }), first);
  assert.deepEqual(added.list(), [{ content: "<x>", id: 0, normalized: true, special: true, singleWord: false }]);
});

Deno.test("add() looks for what is not special in the normalised text unless told otherwise", () => {
  const added = new AddedTokens({});
  assert.equal(added.add("<a>", "f", { special: true }).normalized, false);
  assert.equal(added.add("<b>", "f", { special: false }).normalized, true);
  assert.equal(added.add("<c>", "f", { special: true, normalized: true }).normalized, true);
  assert.equal(
    added.add({ content: "<d>", normalized: false, special: false }, "f", { special: true }).normalized,
    false,
  );
});

Deno.test("tokenContent() refuses what is no text", () => {
  assert.equal(tokenContent({ content: "!" }, "f"), "!");
  for (const value of ["", { content: "" }, { content: 3 }, {}, null, 7, "\ud800", undefined]) {
    assert.throws(() => tokenContent(value, "f.json: pad_token"), CheckpointError);
  }
});
