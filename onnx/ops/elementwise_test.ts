import assert from "node:assert/strict";
import { type DType, tensor } from "../../tensor/tensor.ts";
import { inputsLike, runGraph } from "../../tests/run_graph.ts";
import { GraphError, input, scope, type Value } from "../value.ts";
import {
  abs,
  add,
  and,
  cast,
  clip,
  cos,
  div,
  equal,
  erf,
  exp,
  floor,
  gelu,
  greater,
  greaterOrEqual,
  leakyRelu,
  log,
  max,
  min,
  mul,
  neg,
  type Operand,
  pow,
  relu,
  sigmoid,
  sign,
  silu,
  sin,
  sqrt,
  sub,
  tanh,
  where,
} from "./elementwise.ts";

const samples = [-3, -1, -0.5, 0, 0.25, 1, 2, 20];
const x = tensor("float32", [2, 4], Float32Array.from(samples));

/** Φ(z), the standard normal distribution, by Simpson's rule from 0. */
function phi(z: number): number {
  const n = 2000;
  const density = (t: number) => Math.exp(-t * t / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(z);
  for (let i = 1; i < n; i++) sum += (i % 2 === 1 ? 4 : 2) * density(z * i / n);
  return 0.5 + sum * z / (3 * n);
}

const sigma = (z: number) => 1 / (1 + Math.exp(-z));

const unary: Record<string, [(x: Value) => Value, (x: number) => number]> = {
  "√x": [(x) => sqrt(abs(x)), (x) => Math.sqrt(Math.abs(x))],
  "|x|": [abs, Math.abs],
  "−x": [neg, (x) => -x],
  "sign of x": [sign, Math.sign],
  "⌊x⌋": [floor, Math.floor],
  "x³": [(x) => pow(x, 3), (x) => x ** 3],
  "eˣ below 2": [(x) => exp(min(x, 2)), (x) => Math.exp(Math.min(x, 2))],
  "logarithm above 1": [(x) => log(max(x, 1)), (x) => Math.log(Math.max(x, 1))],
  "tanh x": [tanh, Math.tanh],
  "erf x": [erf, (x) => 2 * phi(x * Math.SQRT2) - 1],
  "x within −1 and ½": [(x) => clip(x, { min: -1, max: 0.5 }), (x) => Math.min(Math.max(x, -1), 0.5)],
  "sin x": [sin, Math.sin],
  "cos x": [cos, Math.cos],
  "1/(1 + e⁻ˣ)": [sigmoid, sigma],
  "max(x, 0)": [relu, (x) => Math.max(x, 0)],
  "leaky relu": [(x) => leakyRelu(x, { alpha: 0.2 }), (x) => x < 0 ? 0.2 * x : x],
  "x·Φ(x)": [(x) => gelu(x), (x) => x * phi(x)],
  "x·Φ(x) by tanh": [
    (x) => gelu(x, { approximate: "tanh" }),
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ],
  "x·σ(x)": [silu, (x) => x * sigma(x)],
};

for (const [name, [op, expected]] of Object.entries(unary)) {
  Deno.test(`the runtime computes ${name} and keeps the shape`, async () => {
    const { y } = await runGraph({ y: op(input("x", "float32", ["rows", 4])) }, { inputs: { x } });
    samples.forEach((value, i) => {
      const off = Math.abs((y!.data[i] as number) - expected(value));
      assert.ok(off <= 1e-6 * Math.max(1, Math.abs(value)), `${name} at ${value}: off by ${off}`);
    });
  });
}

type Binary = (a: Operand, b: Operand) => Value;
const binary: Record<string, [Binary, (a: number, b: number) => number]> = {
  "a + b": [add, (a, b) => a + b],
  "a − b": [sub, (a, b) => a - b],
  "a·b": [mul, (a, b) => a * b],
  "a / b": [div, (a, b) => a / b],
  "larger of a and b": [max, Math.max],
  "smaller of a and b": [min, Math.min],
  "a > b": [greater, (a, b) => Number(a > b)],
  "a = b": [equal, (a, b) => Number(a === b)],
  "a ≥ b": [greaterOrEqual, (a, b) => Number(a >= b)],
};

for (const [name, [op, expected]] of Object.entries(binary)) {
  Deno.test(`the runtime broadcasts ${name} as inferred`, async () => {
    const a = tensor("float32", [3, 1, 2], Float32Array.of(1, 2, 3, 4, 5, 6));
    const b = tensor("float32", [2, 1], Float32Array.of(2, 4));
    const values = { a: input("a", "float32", ["batch", 1, 2]), b: input("b", "float32", [2, 1]) };
    const found = await runGraph({ y: op(values.a, values.b), right: op(values.a, 2), left: op(2, values.a) }, {
      inputs: { a, b },
    });
    assert.deepEqual(found["y"]!.shape, [3, 2, 2]);
    const numbers = (name: string) => Array.from(found[name]!.data as Float32Array, Number);
    const pairs = [0, 1, 2].flatMap((i) => [0, 1].flatMap((j) => [0, 1].map((k) => [a.data[2 * i + k]!, b.data[j]!])));
    assert.deepEqual(numbers("y"), pairs.map(([a, b]) => expected(a!, b!)));
    assert.deepEqual(numbers("right"), [...a.data].map((a) => expected(a, 2)));
    const quotient = [...a.data].map((a) => Math.fround(expected(2, a)));
    assert.deepEqual(numbers("left"), quotient);
  });
}

Deno.test("and() holds where both do", async () => {
  const a = tensor("bool", [4], Uint8Array.of(0, 0, 1, 1));
  const b = tensor("bool", [4], Uint8Array.of(0, 1, 0, 1));
  const values = inputsLike({ a, b });
  const { y } = await runGraph({ y: and(values.a, values.b) }, { inputs: { a, b } });
  assert.deepEqual([...y!.data as Uint8Array], [0, 0, 0, 1]);
  assert.throws(() => and(input("x", "float32", [1]), values.b), /And: Expected bool operands but found float32/);
});

Deno.test("where() chooses by a condition that broadcasts with both choices", async () => {
  const condition = tensor("bool", [2, 1], Uint8Array.of(1, 0));
  const then = tensor("int64", [3], BigInt64Array.of(1n, 2n, 3n));
  const values = inputsLike({ condition, then });
  const y = where(values.condition, { then: values.then, otherwise: -1 });
  assert.deepEqual(y.shape, [2, 3]);
  const found = await runGraph({ y }, { inputs: { condition, then } });
  assert.deepEqual([...found["y"]!.data as BigInt64Array], [1n, 2n, 3n, -1n, -1n, -1n]);
  assert.throws(
    () => where(values.then, { then: 1, otherwise: 0 }),
    /Where: Expected a bool condition that broadcasts to \[\] but found int64 \[3\]/,
  );
});

Deno.test("cast() converts between the dtypes of tensors, and does nothing where it need not", async () => {
  const values = inputsLike({ x });
  assert.equal(cast(values.x, "float32"), values.x);
  const rounded: Partial<Record<DType, (number | bigint)[]>> = {
    float64: samples,
    float16: samples,
    int64: [-3n, -1n, 0n, 0n, 0n, 1n, 2n, 20n],
    int32: [-3, -1, 0, 0, 0, 1, 2, 20],
    bool: [1, 1, 1, 0, 1, 1, 1, 1],
  };
  const outputs = Object.fromEntries((Object.keys(rounded) as DType[]).map((to) => [to, cast(values.x, to)]));
  const found = await runGraph(outputs, { inputs: { x } });
  for (const [dtype, expected] of Object.entries(rounded)) {
    assert.deepEqual(Array.from(found[dtype]!.data as Float32Array), expected, dtype);
  }
  const back = { inputs: { x } };
  for (const dtype of ["int16", "uint16", "uint32", "uint64", "int8", "bfloat16"] as const) {
    const { y } = await runGraph({ y: cast(cast(relu(values.x), dtype), "float64") }, back);
    const kept = dtype === "bfloat16" ? samples : samples.map(Math.trunc);
    assert.deepEqual([...y!.data as Float64Array], kept.map((value) => Math.max(0, value)), dtype);
  }
});

Deno.test("shapes that do not broadcast, and dtypes that differ, are errors that show both", () => {
  const a = input("a", "float32", ["batch", 3]);
  const b = input("b", "float32", [2, 3]);
  assert.throws(
    () => scope("blocks.1", () => add(a, b)),
    new GraphError("blocks.1: Add: Expected shapes that broadcast but found [batch, 3] and [2, 3]"),
  );
  assert.throws(
    () => add(a, input("c", "float64", [3])),
    new GraphError("Add: Expected operands of one dtype but found float32 and float64"),
  );
  const flag = input("flag", "bool", [3]);
  assert.throws(() => add(flag, flag), new GraphError("Add: Expected numbers but found bool"));
  assert.throws(() => sqrt(input("i", "int64", [3])), GraphError);
  assert.throws(() => clip(a, { min: 1, max: 0 }), new GraphError("Clip: Expected min <= max but found 1 and 0"));
});
