import assert from "node:assert/strict";
import { graph, input, matMul, mul, parameter, relu } from "../onnx/mod.ts";
import { partsOf } from "./graph_runner.ts";
import { deviceMemory, networkMemory } from "./network_memory.ts";

const width = 256;
const weight = 4 * width ** 2;
const x = input("x", "float32", ["batch", 1, width]);
const text = input("text", "float32", ["batch", 1, width]);
const row = 4 * width;

const plain = () => partsOf(graph({ inputs: [x], outputs: { y: relu(matMul(x, parameter("a", [width, width]))) } }));

const stored = (dtype: "float32" | "float16") => ({ dtypeOf: () => dtype, batch: 1 });

Deno.test("a device holds all weights, what it is given and the activations; the processor maps weights", () => {
  assert.equal(deviceMemory(plain(), stored("float32")), weight + row + 2 * row);
  assert.equal(networkMemory(plain(), stored("float32")).mapped, weight);
});

Deno.test("weights of 16 bits are widened on a device one at a time, unless it computes in 16", () => {
  const half = { ...stored("float16"), widen: "run" } as const;
  assert.equal(deviceMemory(plain(), { ...half, isHalf: true }), weight / 2 + row + 2 * row);
  assert.equal(deviceMemory(plain(), half), weight / 2 + weight + row + 2 * row);
  assert.equal(deviceMemory(plain(), stored("float16")), weight + row + 2 * row);
});

Deno.test("what is computed from weights takes their place on a device", () => {
  const scaled = mul(parameter("a", [width, width]), parameter("s", [width]));
  const parts = partsOf(graph({ inputs: [x], outputs: { y: matMul(x, scaled) } }));
  assert.equal(deviceMemory(parts, stored("float32")), weight + row + row);
});

Deno.test("while a device computes what a prompt decides it holds the weights of both parts", () => {
  const once = relu(matMul(text, parameter("b", [width, width])));
  const parts = partsOf(
    graph({ inputs: [x, text], outputs: { y: mul(matMul(x, parameter("a", [width, width])), once) } }),
    { varying: ["x"], hoistFrom: 0 },
  );
  assert.equal(deviceMemory(parts, stored("float32")), 2 * weight + row + 2 * row);
});
