import assert from "node:assert/strict";
import { collapseReshapes, graph, input, mul, reshape } from "../mod.ts";

const x = input("x", "float32", [2, 3, 4]);
const reshapes = (y: ReturnType<typeof reshape>) =>
  collapseReshapes(graph({ outputs: { y } })).nodes.filter(({ op }) => op === "Reshape").map(({ outputs }) =>
    outputs[0]!.shape
  );

Deno.test("a chain of reshapes becomes one", () => {
  assert.deepEqual(reshapes(mul(reshape(reshape(reshape(x, [6, 4]), [24]), [4, 6]), 2)), [[4, 6]]);
});

Deno.test("a way there and back is no reshape at all", () => {
  const there = reshape(x, [6, 4]);
  assert.deepEqual(reshapes(mul(reshape(there, [2, 3, 4]), x)), []);
  // What reads the rows still does.
  assert.deepEqual(reshapes(mul(reshape(mul(there, 2), [2, 3, 4]), reshape(there, [2, 3, 4]))), [[6, 4], [2, 3, 4]]);
});

Deno.test("sizes that are symbols stay as they are", () => {
  const batch = input("x", "float32", ["batch", 3, 4]);
  assert.equal(reshapes(mul(reshape(reshape(batch, [-1, 4]), ["batch", 12]), 2)).length, 2);
});
