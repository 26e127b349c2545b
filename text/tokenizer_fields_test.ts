import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { fieldsOf, itemsOf, unexpected } from "./tokenizer_fields.ts";

Deno.test("fieldsOf() takes objects and itemsOf() arrays, both as they are", () => {
  const object = { a: 1 };
  const array = [1];
  assert.equal(fieldsOf(object, "x"), object);
  assert.equal(itemsOf(array, "x"), array);
});

Deno.test("fieldsOf() and itemsOf() name the place and what is there", () => {
  const message = (call: () => unknown) => {
    try {
      call();
    } catch (error) {
      assert(error instanceof CheckpointError);
      return error.message;
    }
  };
  assert.equal(message(() => fieldsOf([1, 2], "f.json")), "f.json: Expected an object but found an array of 2");
  assert.equal(message(() => fieldsOf(null, "f.json")), "f.json: Expected an object but found null");
  assert.equal(message(() => itemsOf({}, "f.json: a")), "f.json: a: Expected an array but found an object");
  assert.equal(message(() => itemsOf(undefined, "f.json: a")), "f.json: a: Expected an array but found nothing");
});

Deno.test("unexpected() shows the beginning of what is long", () => {
  assert.equal(unexpected("f", "b", "x".repeat(1000)).message, `f: Expected b but found "${"x".repeat(79)}…`);
});
