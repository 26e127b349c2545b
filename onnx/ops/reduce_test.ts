import assert from "node:assert/strict";
import { tensor } from "../../tensor/tensor.ts";
import { inputsLike, runGraph } from "../../tests/run_graph.ts";
import { constant, GraphError, input, type Value } from "../value.ts";
import { argMax, argMin, layerNormalization, reduceMean, reduceSum, softmax } from "./reduce.ts";

const x = tensor("float32", [2, 3, 2], Float32Array.of(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8));
const value = input("x", "float32", ["batch", 3, 2]);

async function run(y: Value): Promise<{ shape: readonly number[]; data: number[] }> {
  const found = await runGraph({ y }, { inputs: { x } });
  return { shape: found["y"]!.shape, data: Array.from(found["y"]!.data as Float32Array, Number) };
}

Deno.test("reduceSum() and reduceMean() keep the reduced axes as 1", async () => {
  assert.deepEqual(await run(reduceSum(value, { axes: [1] })), { shape: [2, 1, 2], data: [12, 11, 12, 17] });
  assert.deepEqual(await run(reduceSum(value, { axes: [-1, 1, 2] })), { shape: [2, 1, 1], data: [23, 29] });
  assert.deepEqual(await run(reduceMean(value, { axes: [2] })), { shape: [2, 3, 1], data: [2, 2.5, 7, 4, 4, 6.5] });
  assert.throws(() => reduceSum(value, { axes: [] }), new GraphError("ReduceSum: Expected at least one axis"));
});

Deno.test("argMax() and argMin() find the first of equals", async () => {
  assert.equal(argMax(value, { axis: 1 }).dtype, "int64");
  assert.deepEqual(await run(argMax(value, { axis: 1 })), { shape: [2, 1, 2], data: [2, 2, 1, 2] });
  assert.deepEqual(await run(argMin(value, { axis: -2 })), { shape: [2, 1, 2], data: [0, 0, 0, 1] });
  const ids = tensor("int64", [1, 4], BigInt64Array.of(7n, 9n, 9n, 2n));
  const { y } = await runGraph({ y: argMax(inputsLike({ ids }).ids, { axis: 1 }) }, { inputs: { ids } });
  assert.deepEqual([...y!.data as BigInt64Array], [1n]);
});

Deno.test("softmax() sums to 1 along the last axis", async () => {
  const { data } = await run(softmax(value));
  for (let i = 0; i < 12; i += 2) {
    assert.ok(Math.abs(data[i]! + data[i + 1]! - 1) < 1e-6);
    assert.ok(Math.abs(data[i]! - 1 / (1 + Math.exp(x.data[i + 1]! - x.data[i]!))) < 1e-6);
  }
});

Deno.test("layerNormalization() has mean 0 and variance 1 before scale and bias", async () => {
  const wide = input("x", "float32", ["batch", 3, 2]);
  const scale = constant("float32", [2], Float32Array.of(2, 3));
  const bias = constant("float32", [2], Float32Array.of(10, 20));
  const epsilon = 0.25;
  const expected = Array.from(x.data, (value, i) => {
    const pair = x.data.subarray(i - i % 2, i - i % 2 + 2);
    const mean = (pair[0]! + pair[1]!) / 2;
    return (value - mean) / Math.sqrt((pair[0]! - mean) ** 2 + epsilon) * (2 + i % 2);
  });
  const plain = await run(layerNormalization(wide, scale, { epsilon }));
  expected.forEach((value, i) => assert.ok(Math.abs(value - plain.data[i]!) < 1e-5, `${i}`));
  const shifted = await run(layerNormalization(wide, scale, { bias, epsilon }));
  expected.forEach((value, i) => assert.ok(Math.abs(value + 10 * (1 + i % 2) - shifted.data[i]!) < 1e-5, `${i}`));
});

Deno.test("a scale or bias of another size, and an axis that is not there, are errors", () => {
  const scale = constant("float32", [3], new Float32Array(3));
  assert.throws(
    () => layerNormalization(value, scale, { epsilon: 1e-6 }),
    new GraphError("LayerNormalization: Expected scale and bias [2] but found [3]"),
  );
  assert.throws(() => argMax(value, { axis: 3 }), /Expected an axis of \[batch, 3, 2\] but found 3/);
  assert.throws(() => reduceMean(value, { axes: [0.5] }), GraphError);
});
