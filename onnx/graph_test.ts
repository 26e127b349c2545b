import assert from "node:assert/strict";
import { add, mul, relu, sub } from "./mod.ts";
import { graph } from "./graph.ts";
import { GraphError, input, parameter, type Value } from "./value.ts";

const x = input("x", "float32", ["batch", 4]);

Deno.test("a graph holds what its outputs need and nothing else", () => {
  const kept = relu(x);
  mul(kept, parameter("unused", [4]));
  const { nodes, parameters, inputs } = graph({ outputs: { y: add(kept, parameter("bias", [4])) } });
  assert.deepEqual(nodes.map(({ op }) => op), ["Relu", "Add"]);
  assert.deepEqual(parameters, [{ key: "bias", shape: [4] }]);
  assert.deepEqual(inputs, [{ name: "x", value: x }]);
});

Deno.test("nodes stand after those that they need, operands from left to right", () => {
  const left = relu(x);
  const right = mul(x, 2);
  const outputs = { late: sub(right, left), early: left };
  assert.deepEqual(graph({ outputs }).nodes.map(({ op }) => op), ["Mul", "Relu", "Sub"]);
});

Deno.test("inputs that no output needs are declared where they are listed, in that order", () => {
  const unused = input("unused", "int64", []);
  const { inputs } = graph({ inputs: [unused, x], outputs: { y: relu(x) } });
  assert.deepEqual(inputs.map(({ name }) => name), ["unused", "x"]);
});

Deno.test("an output may be an input, a parameter, or the same value twice", () => {
  const y = relu(x);
  const { nodes, parameters } = graph({ outputs: { x, bias: parameter("bias", [2]), y, again: y } });
  assert.deepEqual([nodes.length, parameters.length], [1, 1]);
});

Deno.test("two inputs of one name are an error", () => {
  const other = input("x", "float32", ["batch", 4]);
  assert.throws(
    () => graph({ outputs: { y: add(x, other) } }),
    new GraphError('Expected one input named "x" but found two'),
  );
});

Deno.test("one parameter in two shapes is an error that shows both", () => {
  const y = add(add(x, parameter("bias", [4])), parameter("bias", [1]));
  assert.throws(
    () => graph({ outputs: { y } }),
    new GraphError('Expected "bias" to have one shape but found [4] and [1]'),
  );
});

Deno.test("a parameter that is declared twice in one shape is one parameter", () => {
  const y = add(add(x, parameter("bias", [4])), parameter("bias", [4]));
  assert.deepEqual(graph({ outputs: { y } }).parameters, [{ key: "bias", shape: [4] }]);
});

Deno.test("a graph of 20,000 nodes in a row, or of 2^60 paths, is sorted without recursion", () => {
  let row: Value = x;
  for (let i = 0; i < 20_000; i++) row = relu(row);
  assert.equal(graph({ outputs: { row } }).nodes.length, 20_000);
  let lattice: Value = x;
  for (let i = 0; i < 60; i++) lattice = add(lattice, lattice);
  assert.equal(graph({ outputs: { lattice } }).nodes.length, 60);
});
