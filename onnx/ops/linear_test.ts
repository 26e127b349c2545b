import assert from "node:assert/strict";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { inputsLike, runGraph } from "../../tests/run_graph.ts";
import { constant, GraphError, input, scope } from "../value.ts";
import { conv, convTranspose, gemm, matMul } from "./linear.ts";

function floats(...shape: number[]): Tensor<"float32"> {
  const size = shape.reduce((all, dim) => all * dim, 1);
  return tensor("float32", shape, Float32Array.from({ length: size }, (_, i) => (i * 7 % 11) - 5));
}

/** The element at a position of a tensor, 0 outside of it. */
function at({ shape, data }: Tensor<"float32">, position: readonly number[]): number {
  if (position.some((index, axis) => index < 0 || index >= shape[axis]!)) return 0;
  return data[position.reduce((all, index, axis) => all * shape[axis]! + index, 0)]!;
}

/** Every position of a shape, in the order of its elements. */
function positions(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, size) => all.flatMap((head) => Array.from({ length: size }, (_, i) => [...head, i])),
    [[]],
  );
}

Deno.test("matMul() multiplies the last two axes and broadcasts the others", async () => {
  const [a, b] = [floats(2, 1, 2, 3), floats(5, 3, 4)];
  const { y } = await runGraph(
    { y: matMul(input("a", "float32", ["batch", 1, 2, 3]), inputsLike({ b }).b) },
    { inputs: { a, b } },
  );
  assert.deepEqual(y!.shape, [2, 5, 2, 4]);
  const expected = positions([2, 5, 2, 4]).map(([i, j, m, n]) =>
    [0, 1, 2].reduce((sum, k) => sum + at(a, [i!, 0, m!, k]) * at(b, [j!, k, n!]), 0)
  );
  assert.deepEqual([...y!.data as Float32Array], expected);
});

Deno.test("gemm() is a linear layer with torch's weight, with and without a bias", async () => {
  const inputs = { x: floats(3, 2), weight: floats(4, 2), bias: floats(4) };
  const { x, weight, bias } = inputsLike(inputs);
  const found = await runGraph({ plain: gemm(x, weight), whole: gemm(x, weight, { bias }) }, { inputs });
  const product = positions([3, 4]).map(([m, n]) =>
    [0, 1].reduce((sum, k) => sum + at(inputs.x, [m!, k]) * at(inputs.weight, [n!, k]), 0)
  );
  assert.deepEqual([...found["plain"]!.data as Float32Array], product);
  assert.deepEqual(
    [...found["whole"]!.data as Float32Array],
    product.map((value, i) => value + inputs.bias.data[i % 4]!),
  );
});

Deno.test("gemm() transposes either operand", async () => {
  const inputs = { a: floats(2, 3), b: floats(2, 4), c: floats(4, 3) };
  const { a, b, c } = inputsLike(inputs);
  const found = await runGraph({
    first: gemm(a, b, { transposeA: true, transposeB: false }),
    both: gemm(b, c, { transposeA: false, transposeB: false }),
  }, { inputs });
  const first = positions([3, 4]).map(([m, n]) =>
    [0, 1].reduce((sum, k) => sum + at(inputs.a, [k, m!]) * at(inputs.b, [k, n!]), 0)
  );
  assert.deepEqual([...found["first"]!.data as Float32Array], first);
  const both = positions([2, 3]).map(([m, n]) =>
    [0, 1, 2, 3].reduce((sum, k) => sum + at(inputs.b, [m!, k]) * at(inputs.c, [k, n!]), 0)
  );
  assert.deepEqual([...found["both"]!.data as Float32Array], both);
});

Deno.test("outputPadding of convTranspose() gives rows and columns that a strided convolution leaves out", async () => {
  const inputs = { x: floats(1, 1, 2, 2), weight: floats(1, 1, 1, 1) };
  const { x, weight } = inputsLike(inputs);
  const { y } = await runGraph({ y: convTranspose(x, weight, { stride: 2, outputPadding: [1, 0] }) }, { inputs });
  assert.deepEqual(y!.shape, [1, 1, 4, 3]);
  const [a, b, c, d] = [...inputs.x.data].map((value) => value * inputs.weight.data[0]!);
  assert.deepEqual(Array.from(y!.data as Float32Array), [a, 0, b, 0, 0, 0, c, 0, d, 0, 0, 0]);
});

const convolutions = [
  { groups: 1, stride: 1, padding: 0 },
  { groups: 2, stride: 2, padding: 1 },
  { groups: 4, stride: 3, padding: 2 },
];

for (const { groups, stride, padding } of convolutions) {
  const name = `groups ${groups}, stride ${stride}, padding ${padding}`;

  Deno.test(`conv() gives the inferred shape and the sums: ${name}`, async () => {
    const inputs = { x: floats(2, 4, 5, 6), weight: floats(4, 4 / groups, 3, 2), bias: floats(4) };
    const { weight, bias } = inputsLike(inputs);
    const x = input("x", "float32", ["batch", 4, 5, 6]);
    const { y } = await runGraph({ y: conv(x, weight, { bias, groups, stride, padding }) }, { inputs });
    const depth = 4 / groups;
    const expected = positions(y!.shape).map(([b, o, h, w]) => {
      const first = Math.floor(o! / (4 / groups)) * depth;
      return positions([depth, 3, 2]).reduce((sum, [c, i, j]) => {
        const pixel = at(inputs.x, [b!, first + c!, h! * stride - padding + i!, w! * stride - padding + j!]);
        return sum + pixel * at(inputs.weight, [o!, c!, i!, j!]);
      }, inputs.bias.data[o!]!);
    });
    assert.deepEqual([...y!.data as Float32Array], expected);
  });

  Deno.test(`convTranspose() gives the inferred shape and the sums: ${name}`, async () => {
    const inputs = { x: floats(2, 4, 3, 4), weight: floats(4, 8 / groups, 5, 6), bias: floats(8) };
    const { weight, bias } = inputsLike(inputs);
    const x = input("x", "float32", ["batch", 4, 3, 4]);
    const { y } = await runGraph({ y: convTranspose(x, weight, { bias, groups, stride, padding }) }, { inputs });
    const [depth, width] = [4 / groups, 8 / groups];
    const expected = positions(y!.shape).map(([b, o, h, w]) => {
      const group = Math.floor(o! / width);
      return positions([depth, 5, 6]).reduce((sum, [c, i, j]) => {
        const [row, column] = [(h! + padding - i!) / stride, (w! + padding - j!) / stride];
        if (!Number.isInteger(row) || !Number.isInteger(column)) return sum;
        const channel = group * depth + c!;
        return sum + at(inputs.x, [b!, channel, row, column]) * at(inputs.weight, [channel, o! % width, i!, j!]);
      }, inputs.bias.data[o!]!);
    });
    assert.deepEqual([...y!.data as Float32Array], expected);
  });
}

const weight = (...shape: number[]) => constant("float32", shape, floats(...shape).data);

Deno.test("matrices that do not fit are errors that show both shapes", () => {
  const x = input("x", "float32", ["batch", 3]);
  assert.throws(
    () => scope("mapper", () => matMul(x, weight(2, 3))),
    new GraphError("mapper: MatMul: Expected [..., m, k] × [..., k, n] but found [batch, 3] × [2, 3]"),
  );
  assert.throws(() => matMul(weight(3), weight(3)), GraphError);
  assert.throws(() => matMul(weight(2, 1, 3), weight(3, 3, 1)), /found \[2, 1, 3\] × \[3, 3, 1\]/);
  assert.throws(() => gemm(x, weight(2, 4)), /Gemm: .* found \[batch, 3\] × \[2, 4\]ᵀ/);
  assert.throws(() => gemm(x, weight(2, 3), { bias: weight(3) }), /Gemm: Expected a bias \[2\] but found \[3\]/);
});

Deno.test("convolutions that do not fit are errors that show both shapes", () => {
  const x = input("x", "float32", ["batch", 4, 3, 3]);
  assert.throws(() => conv(x, weight(2, 3, 1, 1)), /but found \[batch, 4, 3, 3\] and \[2, 3, 1, 1\]/);
  assert.throws(() => conv(x, weight(3, 2, 1, 1), { groups: 2 }), GraphError);
  assert.throws(() => conv(x, weight(2, 4, 1, 1), { bias: weight(4) }), /Conv: Expected a bias \[2\] but found \[4\]/);
  assert.throws(() => conv(x, weight(2, 4, 4, 4)), /at least the kernel's size but found a result 0 × 0/);
  assert.throws(() => conv(x, weight(2, 4, 1, 1), { stride: 0 }), /whole stride > 0/);
  assert.throws(() => conv(x, weight(2, 4, 1, 1), { padding: -1 }), /padding >= 0/);
  assert.throws(() => convTranspose(x, weight(3, 4, 1, 1)), /but found \[batch, 4, 3, 3\] and \[3, 4, 1, 1\]/);
  assert.throws(() => convTranspose(x, weight(4, 2, 1, 1), { groups: 3 }), GraphError);
  assert.throws(() => convTranspose(x, weight(4, 2, 1, 1), { bias: weight(4) }), /Expected a bias \[2\]/);
  assert.throws(() => convTranspose(x, weight(4, 2, 1, 1), { padding: 2 }), /found a result -1 × -1/);
});
