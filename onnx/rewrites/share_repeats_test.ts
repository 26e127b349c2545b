import assert from "node:assert/strict";
import {
  add,
  concat,
  conv,
  gemm,
  type Graph,
  graph,
  input,
  layerNormalization,
  matMul,
  mul,
  parameter,
  reduceSum,
  repeat,
  reshape,
  shareRepeats,
  slice,
  transpose,
  type Value,
} from "../mod.ts";
import { assertClose } from "../../tests/read_fixture.ts";
import { runGraph } from "../../tests/run_graph.ts";
import { waves } from "../../tests/wave_weights.ts";

const x = input("x", "float32", ["batch", 2, 3, 4]);
const text = input("text", "float32", ["2*batch", 1, 1, 4]);
const cells = (y: Value) => reshape(y, [-1, 4]);
const weight = () => parameter("weight", [4, 4]);
const linear = (y: Value) => reshape(gemm(cells(y), weight(), { bias: parameter("bias", [4]) }), y.shape);
const weights = {
  weight: waves([4, 4], { base: 0 }),
  bias: waves([4], { phase: 1 }),
  kernel: waves([4, 1, 1, 1], { phase: 2 }),
};
const inputs = { x: waves([3, 2, 3, 4]), text: waves([6, 1, 1, 4], { phase: 4 }) };

/** Rows of the first operand of each product, at batch 1. */
function productRows({ nodes }: Graph): (number | string)[] {
  return nodes.filter(({ op }) => op === "Gemm").map(({ inputs: [rows] }) => rows!.dim(0));
}

const rowByRow: Record<string, (y: Value) => Value> = {
  "a linear layer": linear,
  "arithmetic with parameters": (y) => add(mul(y, parameter("bias", [4])), 1),
  "arithmetic with itself": (y) => mul(add(y, 1), y),
  "a norm": (y) => layerNormalization(y, parameter("bias", [4]), { epsilon: 1e-6 }),
  "a depthwise convolution": (y) =>
    transpose(
      conv(transpose(y, [0, 3, 1, 2]), parameter("kernel", [4, 1, 1, 1]), { groups: 4 }),
      [0, 2, 3, 1],
    ),
  "sums within a row": (y) => add(reduceSum(y, { axes: [1, 2] }), y),
  "cuts and joins within a row": (y) => concat([slice(y, { axis: 1, start: 1, end: 2 }), y], { axis: 1 }),
};

for (const [name, layer] of Object.entries(rowByRow)) {
  Deno.test(`what repeated rows go through alone is computed for one of them: ${name}`, async () => {
    const y = add(layer(linear(repeat(x, 2))), text);
    const shared = shareRepeats(graph({ outputs: { y } }));
    const before = productRows(graph({ outputs: { y } }));
    assert.ok(before.length > 0 && before.every((rows) => rows === "12*batch"));
    assert.deepEqual(productRows(shared), before.map(() => "6*batch"));
    assert.deepEqual(shared.nodes.slice(-2).map(({ op }) => op), ["Concat", "Add"]);
    const data = { inputs, weights };
    const expected = (await runGraph({ y }, data))["y"]!;
    assertClose((await runGraph({ y }, { ...data, rewrite: shareRepeats }))["y"]!, expected, 1e-5, name);
  });
}

const square = input("square", "float32", [6, 6]);
const mixing: Record<string, (y: Value) => Value> = {
  "a sum of rows": (y) => reduceSum(y, { axes: [0] }),
  "another axis in front": (y) => transpose(y, [1, 0]),
  "a product over the rows": (y) => matMul(parameter("left", [5, 12]), y),
  "cuts of the rows": (y) => slice(y, { axis: 0, start: 3, end: 9 }),
  "rows of known number": (y) => reshape(y, [24, 3]),
};

for (const [name, layer] of Object.entries(mixing)) {
  Deno.test(`what mixes repeated rows gets all of them: ${name}`, async () => {
    const y = layer(mul(repeat(square, 2), 3));
    const data = { inputs: { square: waves([6, 6]) }, weights: { left: waves([5, 12], { phase: 1 }) } };
    const expected = (await runGraph({ y }, data))["y"]!;
    assertClose((await runGraph({ y }, { ...data, rewrite: shareRepeats }))["y"]!, expected, 1e-5, name);
    const { nodes } = shareRepeats(graph({ outputs: { y } }));
    assert.equal(nodes.find(({ op }) => op === "Mul")!.outputs[0]!.dim(0), 6);
  });
}

Deno.test("an operand with rows of its own keeps the rest from being shared", () => {
  const y = linear(add(linear(repeat(x, 2)), text));
  assert.deepEqual(productRows(shareRepeats(graph({ outputs: { y } }))), ["6*batch", "12*batch"]);
});

Deno.test("a graph without repetitions stays as it is", () => {
  const plain = graph({ outputs: { y: linear(x) } });
  assert.deepEqual(shareRepeats(plain).nodes, plain.nodes);
});
