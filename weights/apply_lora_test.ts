import assert from "node:assert/strict";
import { gemm, graph, input, parameter, relu, scope } from "../onnx/mod.ts";
import { applyLoras } from "./apply_lora.ts";
import type { StoredTensor } from "./checkpoint.ts";

const x = input("x", "float32", [2, 3]);
const hidden = scope("first", () => relu(gemm(x, parameter("weight", [4, 3]), { bias: parameter("bias", [4]) })));
const network = graph({ outputs: { y: scope("second", () => gemm(hidden, parameter("weight", [5, 4]))) } });

const stored = (shape: readonly number[], start: number): StoredTensor => {
  return { dtype: "float16", shape, file: "/lora.safetensors", start, length: 0 };
};

const keys = { down: "down", up: "up" };
const pair = { down: stored([1, 3], 100), up: stored([4, 1], 200), scale: 2, keys };

Deno.test("a weight becomes its sum with the factors of each LoRA that changes it", () => {
  const one = { pairs: new Map([["first.weight", pair]]), scale: 0.5 };
  const other = {
    pairs: new Map([["second.weight", { ...pair, down: stored([1, 4], 1), up: stored([5, 1], 2) }]]),
    scale: 1,
  };
  const { graph: changed, tensors } = applyLoras(network, [one, other, one]);
  assert.deepEqual([...tensors].map(([key, { start }]) => [key, start]), [
    ["first.lora.0.down", 100],
    ["first.lora.0.up", 200],
    ["first.lora.2.down", 100],
    ["first.lora.2.up", 200],
    ["second.lora.1.down", 1],
    ["second.lora.1.up", 2],
  ]);
  const changedKeys = changed.parameters.map(({ key }) => key);
  assert.deepEqual(
    changedKeys.toSorted(),
    ["first.weight", "first.bias", "second.weight", ...tensors.keys()].toSorted(),
  );
  assert.deepEqual(changed.nodes.filter(({ op }) => op === "Add").length, 3);
  const scales = changed.nodes.filter(({ op }) => op === "Mul").map(({ inputs: [, scale] }) => {
    return scale!.source.kind === "constant" ? Number(scale!.source.data[0]) : undefined;
  });
  assert.deepEqual(scales, [1, 1, 2]);
});

Deno.test("without LoRAs the graph stays as it is", () => {
  assert.equal(applyLoras(network, []).graph, network);
  const elsewhere = { pairs: new Map([["third.weight", pair]]), scale: 1 };
  assert.deepEqual(applyLoras(network, [elsewhere]).graph, network);
});
