import assert from "node:assert/strict";
import { add, graph, input, mul, relu, scope, sub } from "../mod.ts";
import { dependants, makerOf, rebuild } from "./rebuild.ts";

const x = input("x", "float32", ["batch", 4]);
const y = input("y", "float32", ["batch", 4]);
const left = relu(x);
const right = scope("right", () => mul(y, 2));
const built = graph({ inputs: [x, y], outputs: { sum: add(left, right), left } });

Deno.test("a rule that changes nothing gives the same nodes", () => {
  assert.deepEqual(rebuild(built, () => undefined), built);
});

Deno.test("what stands behind a replaced value is made anew, and what only the old one needed is gone", () => {
  const changed = rebuild(built, (node, now) => node.op === "Mul" ? [sub(now(node.inputs[0]!), 1)] : undefined);
  assert.deepEqual(changed.nodes.map(({ op, scope }) => [op, scope]), [["Relu", ""], ["Sub", "right"], ["Add", ""]]);
  assert.equal(changed.outputs[1]!.value, left);
  assert.notEqual(changed.outputs[0]!.value, built.outputs[0]!.value);
  assert.equal(makerOf(changed.outputs[0]!.value, "Add"), changed.nodes[2]);
});

Deno.test("inputs stay declared where nothing needs them any more", () => {
  const changed = rebuild(built, (node) => node.op === "Add" ? [left] : undefined);
  assert.deepEqual(changed.inputs.map(({ name }) => name), ["x", "y"]);
  assert.deepEqual(changed.nodes.map(({ op }) => op), ["Relu"]);
});

Deno.test("dependants() are the values that an input reaches", () => {
  const [sum] = built.outputs;
  assert.deepEqual(dependants(built, ["y"]), new Set([y, right, sum!.value]));
  assert.deepEqual(dependants(built, []), new Set());
});
