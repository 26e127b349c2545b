import assert from "node:assert/strict";
import { gradient, input, parametersOf, reduceSum, scope, type Value } from "../onnx/mod.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { runGraph } from "../tests/run_graph.ts";
import { adaptStates, joinStates } from "./text_adapters.ts";

const of = (shape: number[], ...values: number[]) => tensor("float32", shape, Float32Array.from(values));
const inputs = { a: of([1, 2, 2], 1, 0, 3, 1), b: of([1, 1, 1], 2) };
const weights = {
  "text.adapters.0.weight": of([2, 2], 1, 2, 3, 4),
  "text.adapters.0.bias": of([2], 10, 20),
  "text.adapters.1.weight": of([2, 1], 5, 6),
  "text.adapters.1.bias": of([2], 0, 1),
};

function build(): Value {
  const [a, b] = [input("a", "float32", [1, 2, 2]), input("b", "float32", [1, 1, 1])];
  return scope("text", () => joinStates([adaptStates(0, a, { width: 2 }), adaptStates(1, b, { width: 2 })]));
}

const listOf = ({ data }: Tensor) => [...data as Float32Array];

Deno.test("adapters are linear maps of each encoder's states, which then stand one after the other", async () => {
  const { states } = await runGraph({ states: build() }, { inputs, weights });
  assert.deepEqual([states!.shape, listOf(states!)], [[1, 3, 2], [11, 23, 15, 33, 10, 13]]);
});

Deno.test("the sum of joined states has the sums of the encoders' own states as gradients of the adapters", async () => {
  const loss = reduceSum(build(), { axes: [0, 1, 2] });
  const parameters = parametersOf(loss);
  const keys = parameters.map(({ source }) => "key" in source ? source.key : "");
  const found = await runGraph(
    Object.fromEntries(gradient(loss, parameters).map((value, i) => [keys[i]!, value])),
    { inputs, weights },
  );
  assert.deepEqual(Object.fromEntries(Object.entries(found).map(([key, value]) => [key, listOf(value)])), {
    "text.adapters.0.weight": [4, 1, 4, 1],
    "text.adapters.0.bias": [2, 2],
    "text.adapters.1.weight": [2, 2],
    "text.adapters.1.bias": [1, 1],
  });
});
