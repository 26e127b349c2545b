import assert from "node:assert/strict";
import {
  add,
  convTranspose,
  gemm,
  graph,
  input,
  mul,
  parameter,
  peakActivationBytes,
  relu,
  reshape,
  transpose,
} from "./mod.ts";

const size = 4 * 256 * 256;
const x = input("x", "float32", ["batch", 256, 256]);

Deno.test("a chain of operators takes turns in two places, and a reshape none", () => {
  const y = relu(add(mul(reshape(x, ["batch", 256 * 256]), 2), 1));
  assert.equal(peakActivationBytes(graph({ outputs: { y } }), { batch: 1 }), 2 * size);
});

Deno.test("a value is alive until its last use", () => {
  const first = mul(x, 2);
  const chain = relu(relu(relu(first)));
  assert.equal(peakActivationBytes(graph({ outputs: { y: add(chain, first) } }), { batch: 3 }), 9 * size);
  assert.equal(peakActivationBytes(graph({ outputs: { y: add(chain, 1) } }), { batch: 3 }), 6 * size);
});

Deno.test("outputs stay until the end; inputs and parameters do not count", () => {
  const tall = transpose(x, [0, 2, 1]);
  assert.equal(peakActivationBytes(graph({ outputs: { tall, y: relu(relu(x)) } }), { batch: 1 }), 3 * size);
  const rows = input("rows", "float32", [256, 256]);
  const product = gemm(rows, parameter("weight", [256, 256]));
  assert.equal(peakActivationBytes(graph({ outputs: { product } })), size);
});

Deno.test("a transposed convolution takes a place for every cell and element of its kernel, one picture at a time", () => {
  const picture = input("picture", "float32", ["batch", 8, 64, 64]);
  const y = convTranspose(picture, parameter("kernel", [8, 4, 4, 4]), { stride: 2, padding: 1 });
  const scratch = 4 * 64 * 64 * 4 * 16;
  const result = 4 * 4 * 128 * 128;
  assert.equal(peakActivationBytes(graph({ outputs: { y } }), { batch: 1 }), scratch + result);
  assert.equal(peakActivationBytes(graph({ outputs: { y } }), { batch: 2 }), scratch + 2 * result);
});
