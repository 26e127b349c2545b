import assert from "node:assert/strict";
import {
  add,
  concat,
  gemm,
  graph,
  hoist,
  hoistParameters,
  input,
  matMul,
  mul,
  parameter,
  relu,
  reshape,
} from "../mod.ts";
import { partOf } from "./hoist.ts";

const x = input("x", "float32", ["batch", 4]);
const text = input("text", "float32", ["batch", 3]);
const mapped = relu(gemm(text, parameter("map", [4, 3])));
const y = add(gemm(x, parameter("weight", [4, 4])), mapped);
const built = graph({ name: "net", inputs: [x, text], outputs: { y } });

Deno.test("hoist() takes out what the fixed inputs decide, and hands its results on", () => {
  const { once, each } = hoist(built, { varying: ["x"] });
  assert.deepEqual([once!.name, each.name], ["net.once", "net"]);
  assert.deepEqual(once!.inputs, [{ name: "text", value: text }]);
  assert.deepEqual(once!.outputs, [{ name: "once.0", value: mapped }]);
  assert.deepEqual(once!.nodes.map(({ op }) => op), ["Gemm", "Relu"]);
  assert.deepEqual(once!.parameters.map(({ key }) => key), ["map"]);
  assert.deepEqual(each.inputs, [{ name: "x", value: x }, { name: "once.0", value: mapped }]);
  assert.deepEqual(each.outputs, [{ name: "y", value: y }]);
  assert.deepEqual(each.nodes.map(({ op }) => op), ["Gemm", "Add"]);
  assert.deepEqual(each.parameters.map(({ key }) => key), ["weight"]);
});

Deno.test("hoist() leaves a graph whole where all inputs vary or what is fixed goes straight in", () => {
  assert.deepEqual(hoist(built, { varying: ["x", "text"] }), { once: undefined, each: built });
  const direct = graph({ outputs: { y: concat([relu(x), text], { axis: 1 }) } });
  assert.deepEqual(hoist(direct, { varying: ["x"] }), { once: undefined, each: direct });
});

Deno.test("hoist() keeps an output that is fixed, and work that no input reaches", () => {
  const doubled = mul(parameter("scale", [4]), 2);
  const outputs = { y: mul(mul(x, doubled), mapped), mapped };
  const { once, each } = hoist(graph({ outputs }), { varying: ["x"] });
  assert.deepEqual(once!.outputs.map(({ value }) => value), [mapped]);
  assert.deepEqual(each.outputs.map(({ name, value }) => [name, value]), Object.entries(outputs));
  assert.deepEqual(each.nodes.map(({ op }) => op), ["Mul", "Mul", "Mul"]);
});

Deno.test("hoistParameters() takes out what is computed from parameters, not those that are only reshaped", () => {
  const a = reshape(parameter("a", [2, 3, 1, 1]), [2, 3]);
  const folded = matMul(a, parameter("b", [3, 4]));
  const z = add(gemm(x, folded), gemm(text, a));
  const { once, each } = hoistParameters(graph({ inputs: [x, text], outputs: { z } }));
  assert.deepEqual(once!.inputs, []);
  assert.deepEqual(once!.outputs, [{ name: "known.0", value: folded }]);
  assert.deepEqual(once!.nodes.map(({ op }) => op), ["Reshape", "MatMul"]);
  assert.deepEqual(each.inputs.map(({ name }) => name), ["x", "text", "known.0"]);
  assert.deepEqual(each.parameters.map(({ key }) => key), ["a"]);
  assert.deepEqual(hoistParameters(built), { once: undefined, each: built });
});

Deno.test("partOf() holds what some values need", () => {
  const part = partOf(built, { name: "part", outputs: [{ name: "mapped", value: mapped }] });
  assert.deepEqual([part.name, part.nodes.length, part.inputs.length, part.parameters.length], ["part", 2, 1, 1]);
});
