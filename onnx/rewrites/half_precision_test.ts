import assert from "node:assert/strict";
import { attention, globalResponseNorm, linear } from "../../networks/layers.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { evaluate } from "../../tests/interpreter/interpreter.ts";
import { runGraph } from "../../tests/run_graph.ts";
import { encodeModel } from "../encode.ts";
import { graph } from "../graph.ts";
import { mul, sin } from "../ops/elementwise.ts";
import { reshape } from "../ops/shape.ts";
import { constant, input, type Value } from "../value.ts";
import { halfPrecision } from "./half_precision.ts";

const wave = (shape: readonly number[], scale: number) => {
  const size = shape.reduce((all, dim) => all * dim, 1);
  return tensor("float32", shape, Float32Array.from({ length: size }, (_, i) => scale * Math.sin(1.7 * i + scale)));
};

const norm = {
  weights: { "2.gamma": wave([1, 1, 1, 8], 1), "2.beta": wave([1, 1, 1, 8], 0.1), "4.weight": wave([6, 8], 0.02) },
  build: (x: Value) => linear("4", globalResponseNorm("2", x), { to: 6, bias: false }),
};

/** Largest difference, as a share of the largest number. */
function drift(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const numbers = Array.from(expected);
  const off = Math.max(...numbers.map((value, i) => Math.abs(value - found[i]!)));
  return off / Math.max(...numbers.map(Math.abs));
}

Deno.test("a response norm of large numbers is near that in 32 bits, where 16 throughout give NaN", () => {
  // Squares of 300 are 90,000; the largest 16-bit float is 65,504.
  const x = wave([1, 4, 4, 8], 300);
  const y = norm.build(input("x", "float32", [1, 4, 4, 8]));
  const plain = graph({ outputs: { y } });
  const run = (rewritten: typeof plain) => {
    return evaluate({ y: rewritten.outputs[0]!.value }, { x, ...norm.weights } as Record<string, Tensor>).y.data;
  };
  const expected = run(plain);
  assert.ok(drift(run(halfPrecision(plain)), expected) < 3e-3);
  assert.ok(run(halfPrecision(plain, { islands: false })).some(Number.isNaN));
});

Deno.test("sums of many small squares are made in 32 bits too", () => {
  const x = wave([1, 32, 32, 8], 20);
  const plain = graph({ outputs: { y: norm.build(input("x", "float32", [1, 32, 32, 8])) } });
  const run = (rewritten: typeof plain) => {
    return evaluate({ y: rewritten.outputs[0]!.value }, { x, ...norm.weights } as Record<string, Tensor>).y.data;
  };
  assert.ok(run(halfPrecision(plain)).every(Number.isFinite));
  assert.ok(!run(halfPrecision(plain, { islands: false })).every(Number.isFinite));
});

Deno.test("products take 16 bits, softmax and norms keep 32, and so do inputs and outputs", () => {
  const x = input("x", "float32", ["batch", 5, 8]);
  const plain = graph({ outputs: { y: attention(x, x, { heads: 2 }) } });
  const { nodes, inputs, outputs } = halfPrecision(plain);
  const dtypes = (op: string) => new Set(nodes.filter((node) => node.op === op).map((node) => node.outputs[0]!.dtype));
  assert.deepEqual([...dtypes("Gemm")], ["float16"]);
  assert.deepEqual([...dtypes("MatMul")], ["float16"]);
  assert.deepEqual([...dtypes("Softmax")], ["float32"]);
  assert.deepEqual([...inputs, ...outputs].map(({ value }) => value.dtype), ["float32", "float32"]);
});

Deno.test("a sine is taken of an angle in 32 bits", () => {
  const t = input("t", "float32", [3]);
  const y = linear("4", sin(mul(reshape(t, [3, 1]), constant("float32", [1, 8], wave([1, 8], 1000).data))), { to: 6 });
  const bound = { t: wave([3], 1), "4.weight": wave([6, 8], 0.3), "4.bias": wave([6], 0.1) };
  const run = (values: Value) => evaluate({ y: values }, bound).y.data;
  const halved = halfPrecision(graph({ outputs: { y } })).outputs[0]!.value;
  assert.ok(drift(run(halved), run(y)) < 3e-3);
});

Deno.test("a constant that 16 bits do not hold keeps its operator in 32", () => {
  const plain = graph({ outputs: { y: norm.build(input("z", "float32", ["batch", 2, 2, 8])) } });
  const added = halfPrecision(plain).nodes.filter(({ op, inputs }) => {
    const { source } = inputs[1] ?? {};
    return op === "Add" && source?.kind === "constant" && Number(source.data[0]) < 1e-5;
  });
  assert.deepEqual(added.map(({ outputs }) => outputs[0]!.dtype), ["float32"]);
});

Deno.test("ONNX Runtime runs the mixed graph, weights in 16 bits or in 32", async () => {
  const x = wave([2, 4, 4, 8], 3);
  const y = norm.build(input("x", "float32", ["batch", 4, 4, 8]));
  const halves = Object.fromEntries(
    Object.entries(norm.weights).map((
      [key, { shape, data }],
    ) => [key, tensor("float16", shape, Float16Array.from(data))]),
  );
  const expected = (await runGraph({ y }, { inputs: { x }, weights: norm.weights })).y!.data as Float32Array;
  for (const weights of [norm.weights, halves]) {
    const found = (await runGraph({ y }, { inputs: { x }, weights, rewrite: (plain) => halfPrecision(plain) })).y!;
    assert.equal(found.dtype, "float32");
    assert.ok(drift(found.data as Float32Array, expected) < 3e-3);
  }
});

Deno.test("a parameter that both kinds of operators read is written once in its own dtype", () => {
  const plain = graph({ outputs: { y: norm.build(input("x", "float32", ["batch", 4, 4, 8])) } });
  const asked: string[] = [];
  encodeModel(halfPrecision(plain), ({ key, shape }) => {
    asked.push(key);
    return { kind: "tensor", tensor: tensor("float16", shape) };
  });
  assert.deepEqual(asked.sort(), Object.keys(norm.weights).sort());
});
