import assert from "node:assert/strict";
import { tensor } from "../tensor/tensor.ts";
import { queuePrompts, repeatInputs } from "./queue.ts";

Deno.test("the queue has 64 different prompts", () => assert.equal(new Set(queuePrompts(64)).size, 64));

Deno.test("a batch repeats the rows of every input", () => {
  const x = tensor("float32", [2, 2], Float32Array.of(1, 2, 3, 4));
  const { x: twice } = repeatInputs({ x }, { times: 2 });
  assert.deepEqual(twice!.shape, [4, 2]);
  assert.deepEqual([...twice!.data], [1, 2, 3, 4, 1, 2, 3, 4]);
});
