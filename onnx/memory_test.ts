import assert from "node:assert/strict";
import { add, gemm, graph, input, mul, parameter, peakActivationBytes, relu, reshape, transpose } from "./mod.ts";

Deno.test("a chain of elementwise operators runs in one buffer", () => {
  const x = input("x", "float32", [1000]);
  const y = relu(add(mul(gemm(reshape(x, [1, 1000]), parameter("w", [1000, 1000])), 2), 1));
  assert.equal(peakActivationBytes(graph({ outputs: { y } })), 8000);
});

Deno.test("a value is alive until its last use", () => {
  const x = input("x", "float32", ["batch", 10]);
  const turned = transpose(x, [1, 0]);
  const y = add(transpose(turned, [1, 0]), x);
  // x, its transpose and the transpose's transpose at once; the sum takes the place of a dying one.
  assert.equal(peakActivationBytes(graph({ outputs: { y } }), { batch: 5 }), 3 * 200);
});
