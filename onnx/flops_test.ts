import assert from "node:assert/strict";
import { priorConfig, wuerstchenPrior } from "../networks/prior.ts";
import { countFlops, nodeFlops } from "./flops.ts";
import {
  conv,
  convTranspose,
  gemm,
  graph,
  input,
  layerNormalization,
  matMul,
  parameter,
  relu,
  type Value,
} from "./mod.ts";

function flopsOf(value: Value, sizes?: Record<string, number>): number {
  return countFlops(graph({ outputs: { value } }).nodes, sizes);
}

Deno.test("a matrix product takes 2·m·k·n operations, in each matrix of a batch", () => {
  const a = input("a", "float32", ["batch", 3, 5, 7]);
  const b = input("b", "float32", [3, 7, 11]);
  assert.equal(flopsOf(matMul(a, b), { batch: 2 }), 2 * 3 * (2 * 5 * 7 * 11));
  const x = input("x", "float32", [13, 7]);
  assert.equal(flopsOf(gemm(x, parameter("weight", [11, 7]))), 2 * 13 * 7 * 11);
});

Deno.test("a convolution takes 2·c/groups·k² operations for each element of its result", () => {
  const x = input("x", "float32", [2, 6, 9, 11]);
  // stride 2, padding 1: 5 × 6 elements of 4 channels
  const dense = conv(x, parameter("weight", [4, 6, 3, 3]), { stride: 2, padding: 1 });
  assert.equal(flopsOf(dense), 2 * (2 * 4 * 5 * 6) * (6 * 3 * 3));
  const depthwise = conv(x, parameter("weight", [6, 1, 3, 3]), { padding: 1, groups: 6 });
  assert.equal(flopsOf(depthwise), 2 * (2 * 6 * 9 * 11) * (1 * 3 * 3));
});

Deno.test("a transposed convolution takes 2·o/groups·k² operations for each element of its operand", () => {
  const x = input("x", "float32", [2, 6, 9, 11]);
  const spread = convTranspose(x, parameter("weight", [6, 5, 4, 4]), { stride: 2, padding: 1 });
  assert.equal(flopsOf(spread), 2 * (2 * 6 * 9 * 11) * (5 * 4 * 4));
});

Deno.test("norms, activations and data movement count for nothing", () => {
  const x = input("x", "float32", [2, 4]);
  const normed = layerNormalization(relu(x), parameter("weight", [4]), { epsilon: 1e-6 });
  assert.equal(flopsOf(normed), 0);
});

Deno.test("a symbol without a size is an error", () => {
  const x = input("x", "float32", ["batch", 4]);
  const [node] = graph({ outputs: { y: gemm(x, parameter("weight", [3, 4])) } }).nodes;
  assert.equal(nodeFlops(node!, { batch: 5 }), 2 * 5 * 4 * 3);
  assert.throws(() => nodeFlops(node!), /Expected a size for the dimension "batch"/);
});

Deno.test("a guided step of the published Stage C takes 2.3 TFLOP", () => {
  const config = priorConfig.parse({ c: 1536, depth: 32, nhead: 24, c_cond: 1280 });
  const x = input("x", "float32", ["batch", 16, 24, 24]);
  const r = input("r", "float32", ["batch"]);
  const c = input("c", "float32", ["batch", 77, 1280]);
  const flops = flopsOf(wuerstchenPrior(config, { x, r, c }), { batch: 2 });

  const [rows, width, keys] = [2 * 24 * 24, 1536, 24 * 24 + 77];
  const linear = (n: number, from: number, to: number) => 2 * n * from * to;
  const block = 2 * rows * width * 9 + 2 * linear(rows, width, 4 * width) + // ConvNeXt
    linear(2, 64, 2 * width) + // timestep
    linear(2 * 77, width, width) + // text to keys and values
    2 * linear(rows, width, width) + 2 * linear(2 * keys, width, width) + // q and out, k and v
    2 * (2 * rows * keys * width); // scores and mixing
  const ends = linear(2 * 77, 1280, width) + linear(2 * 77, width, width) + 3 * linear(rows, 16, width);
  assert.equal(flops, 32 * block + ends);
  assert.equal((flops / 1e12).toFixed(1), "2.3");
});
