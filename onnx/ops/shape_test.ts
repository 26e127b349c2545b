import assert from "node:assert/strict";
import { tensor } from "../../tensor/tensor.ts";
import { inputsLike, runGraph } from "../../tests/run_graph.ts";
import { GraphError, input, type Value } from "../value.ts";
import {
  axisOf,
  chunk,
  concat,
  expand,
  flip,
  gather,
  pad,
  padEdge,
  reshape,
  scatterAdd,
  slice,
  slices,
  transpose,
} from "./shape.ts";

const x = tensor("float32", [2, 3, 4], Float32Array.from({ length: 24 }, (_, i) => i));
const value = input("x", "float32", ["batch", 3, 4]);

async function run(y: Value): Promise<number[]> {
  const found = await runGraph({ y }, { inputs: { x } });
  return [...found["y"]!.data as Float32Array];
}

Deno.test("reshape() keeps the elements, in any batch", async () => {
  for (
    const shape of [["batch", 12], ["batch", 2, 6], [-1, 4], [3, -1], ["4*batch", 3], ["batch", -1], [1, "batch", 12]]
  ) {
    const y = reshape(value, shape);
    assert.deepEqual(await run(y), [...x.data], `${shape}`);
  }
  assert.deepEqual(reshape(value, [-1, 4]).shape, ["3*batch", 4]);
  assert.equal(reshape(value, ["batch", 3, 4]), value);
});

Deno.test("reshape() refuses shapes that it cannot say or that hold another number of elements", () => {
  const refuse = (shape: (number | string)[], message: RegExp) => {
    assert.throws(
      () => reshape(value, shape),
      (error: Error) => error instanceof GraphError && message.test(error.message),
    );
  };
  refuse([5, -1], /as many elements as \[batch, 3, 4\] but found \[5, -1\]/);
  refuse(["batch", 13], /as many elements/);
  refuse(["width", 12], /as many elements/);
  refuse(["batch", 2.5, 4.8], /positive whole dimensions to reshape \[batch, 3, 4\] but found \[batch, 2.5, 4.8\]/);
  refuse(["batch", -3, -4], /positive whole dimensions/);
  refuse(["batch", 0, 12], /positive whole dimensions/);
  const two = input("two", "float32", ["batch", "width", 3]);
  assert.throws(
    () => reshape(two, ["width", "batch", 3]),
    new GraphError("Reshape: Expected at most one symbol to move from [batch, width, 3] to [width, batch, 3]"),
  );
});

Deno.test("transpose() moves axis perm[i] to i", async () => {
  const y = transpose(value, [2, 0, 1]);
  assert.deepEqual(y.shape, [4, "batch", 3]);
  const data = await run(y);
  assert.deepEqual(data.slice(0, 6), [0, 4, 8, 12, 16, 20]);
  assert.equal(transpose(value, [0, 1, 2]), value);
  for (const perm of [[0, 1], [0, 0, 1], [0, 1, 3]]) assert.throws(() => transpose(value, perm), GraphError);
});

Deno.test("concat() joins along an axis, and chunk() and slice() take apart", async () => {
  const parts = chunk(value, 2, { axis: -1 });
  assert.deepEqual(parts.map(({ shape }) => shape), [["batch", 3, 2], ["batch", 3, 2]]);
  assert.deepEqual(await run(concat(parts, { axis: 2 })), [...x.data]);
  const middle = slice(value, { axis: 1, start: 1, end: 2 });
  assert.deepEqual(await run(middle), [4, 5, 6, 7, 16, 17, 18, 19]);
  assert.deepEqual(concat([value, middle, middle], { axis: -2 }).shape, ["batch", 5, 4]);
  assert.equal(concat([value], { axis: 0 }), value);
  assert.equal(slice(value, { axis: 1, start: 0, end: 3 }), value);
});

Deno.test("concat(), chunk() and slice() refuse what does not fit", () => {
  assert.throws(() => concat([], { axis: 0 }), GraphError);
  assert.throws(
    () => concat([value, input("y", "float32", ["batch", 3, 5])], { axis: 1 }),
    new GraphError(
      "Concat: Expected shapes that agree outside of axis 1 but found [batch, 3, 4] and [batch, 3, 5]",
    ),
  );
  assert.throws(() => concat([value, input("y", "float64", ["batch", 3, 4])], { axis: 1 }), GraphError);
  assert.throws(() => concat([value, value], { axis: 0 }), /Expected a known size at axis 0 but found "batch"/);
  assert.throws(() => chunk(value, 2, { axis: 1 }), /divisible by 2 on axis 1 of \[batch, 3, 4\]/);
  for (const [start, end] of [[-1, 2], [2, 2], [1, 4]] as const) {
    assert.throws(() => slice(value, { axis: 1, start, end }), /Slice: Expected 0 <= start < end <= 3 on axis 1/);
  }
});

Deno.test("gather() takes rows by index", async () => {
  const indices = tensor("int64", [2, 2], BigInt64Array.of(1n, 0n, 1n, 1n));
  const table = tensor("float32", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
  const values = inputsLike({ table, indices });
  const { y } = await runGraph({ y: gather(values.table, values.indices) }, { inputs: { table, indices } });
  assert.deepEqual([...y!.data as Float32Array], [4, 5, 6, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
  assert.throws(() => gather(values.table, values.table), /Gather: Expected int64 indices but found float32/);
});

Deno.test("expand() repeats along axes of size 1", async () => {
  const column = tensor("float32", [2, 1], Float32Array.of(1, 2));
  const values = inputsLike({ column });
  const { y } = await runGraph({ y: expand(values.column, [3, 2, 2]) }, { inputs: { column } });
  assert.deepEqual([...y!.data as Float32Array], [1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2]);
  assert.throws(() => expand(values.column, [3, 2]), /Expand: Expected \[2, 1\] to broadcast to \[3, 2\]/);
});

Deno.test("padEdge() repeats the border on both sides", async () => {
  const y = padEdge(value, { 2: 1 });
  assert.deepEqual(y.shape, ["batch", 3, 6]);
  assert.deepEqual((await run(y)).slice(0, 6), [0, 0, 1, 2, 3, 3]);
  assert.throws(() => padEdge(value, { [-1]: 1 }), /counts from the front of \[batch, 3, 4\] but found -1/);
  assert.throws(() => padEdge(value, { 3: 1 }), GraphError);
});

Deno.test("pad() adds zeros before and after", async () => {
  const y = pad(value, { 1: [0, 1], 2: [2, 0] });
  assert.deepEqual(y.shape, ["batch", 4, 6]);
  const data = await run(y);
  assert.deepEqual(data.slice(0, 12), [0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 7]);
  assert.deepEqual(data.slice(18, 24), [0, 0, 0, 0, 0, 0]);
  assert.equal(pad(value, { 1: [0, 0] }), value);
});

Deno.test("slices() takes ranges with steps, and flip() reverses", async () => {
  const y = slices(value, { 1: { start: 0, end: 3, step: 2 }, 2: { start: 1, end: 4, step: 2 } });
  assert.deepEqual(y.shape, ["batch", 2, 2]);
  assert.deepEqual((await run(y)).slice(0, 4), [1, 3, 9, 11]);
  assert.deepEqual((await run(flip(value, [1, -1]))).slice(0, 5), [11, 10, 9, 8, 7]);
  assert.throws(() => slices(value, { 1: { start: 0, end: 4 } }), /end <= 3 and step >= 1 on axis 1/);
});

Deno.test("scatterAdd() adds equal indices up", async () => {
  const inputs = {
    table: tensor("float32", [2, 2], Float32Array.of(1, 2, 3, 4)),
    rows: tensor("int64", [3, 2], BigInt64Array.of(0n, 1n, 1n, 1n, 0n, 1n)),
    updates: tensor("float32", [3, 2], Float32Array.of(10, 20, 30, 40, 50, 60)),
  };
  const { table, rows, updates } = inputsLike(inputs);
  const { y } = await runGraph({ y: scatterAdd(table, rows, updates) }, { inputs });
  assert.deepEqual([...y!.data as Float32Array], [61, 2, 33, 124]);
  assert.throws(() => scatterAdd(table, updates, updates), /found float32 \[3, 2\] and \[3, 2\]/);
});

Deno.test("axisOf() counts negative axes from the end", () => {
  assert.deepEqual([-3, -1, 0, 2].map((axis) => axisOf(value, axis)), [0, 2, 0, 2]);
  for (const axis of [-4, 3, 0.5, NaN]) assert.throws(() => axisOf(value, axis), GraphError);
});
