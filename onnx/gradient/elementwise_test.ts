import assert from "node:assert/strict";
import { checkGradient, type GradientCase, spread, uniform } from "../../tests/check_gradients.ts";
import { tensor } from "../../tensor/tensor.ts";
import {
  abs,
  add,
  cast,
  clip,
  cos,
  div,
  erf,
  exp,
  floor,
  gelu,
  leakyRelu,
  log,
  max,
  min,
  mul,
  neg,
  pow,
  relu,
  sigmoid,
  sign,
  silu,
  sin,
  sqrt,
  stopGradient,
  sub,
  tanh,
  type Value,
  where,
} from "../mod.ts";
import { elementwise } from "./elementwise.ts";

const x = uniform([2, 3, 5], { low: -2, high: 2 });
const positive = uniform([2, 3, 5], { low: 0.3, high: 2 });
const kinked = spread([2, 3, 5]);
const bits = tensor("bool", [3, 1], Uint8Array.of(1, 0, 1));

const unary = (name: string, apply: (a: Value) => Value, a = x): GradientCase => {
  return { name, inputs: { a }, build: ({ a }) => apply(a!) };
};

/** Operands of one shape, one that is repeated along several axes, and one number. */
function binary(name: string, apply: (a: Value, b: Value) => Value, make = uniform): GradientCase[] {
  const shapes = [[[2, 3, 5], [2, 3, 5]], [[2, 3, 5], [3, 1]], [[1, 5], [2, 3, 1]], [[2, 3, 5], [1]], [[4], [2, 3, 4]]];
  return shapes.map(([a, b]) => ({
    name: `${name} of [${a}] and [${b}]`,
    inputs: { a: make(a!, { seed: 1 }), b: make(b!, { seed: 2 }) },
    build: ({ a, b }) => apply(a!, b!),
  }));
}

const cases: GradientCase[] = [
  ...binary("Add", add),
  ...binary("Sub", sub),
  ...binary("Mul", mul),
  ...binary("Div", div, (shape, options) => uniform(shape, { low: 0.5, high: 2, ...options })),
  // One operand between the elements of the other, so that none are equal.
  ...binary("Max", (a, b) => max(a, add(b, 0.021)), spread),
  ...binary("Min", (a, b) => min(a, add(b, 0.021)), spread),
  unary("Mul, a square", (a) => mul(a, a)),
  unary("Add, a double", (a) => add(a, a)),
  unary("Clip", (a) => clip(a, { min: -0.4, max: 0.6 }), kinked),
  unary("Pow", (a) => pow(a, 2.5), positive),
  unary("Neg", neg),
  unary("Sqrt", sqrt, positive),
  unary("Abs", abs, kinked),
  unary("Sign", (a) => mul(sign(a), a), kinked),
  unary("Floor", (a) => mul(floor(mul(a, 3)), a), kinked),
  unary("Exp", exp),
  unary("Log", log, positive),
  unary("Erf", erf),
  unary("Tanh", tanh),
  unary("Sin", sin),
  unary("Cos", cos),
  unary("Sigmoid", sigmoid),
  unary("Sigmoid, in silu", silu),
  unary("Relu", relu, kinked),
  unary("LeakyRelu", (a) => leakyRelu(a, { alpha: 0.2 }), kinked),
  unary("Gelu", gelu),
  unary("Gelu, tanh", (a) => gelu(a, { approximate: "tanh" })),
  unary("Cast to float64 and back", (a) => cast(sin(cast(a, "float64")), "float32")),
  unary("Cast to int64 has no gradient", (a) => add(a, cast(cast(a, "int64"), "float32")), kinked),
  unary("Identity", (a) => add(a, stopGradient(sub(a, stopGradient(a))))),
  {
    name: "Where",
    inputs: { bits, a: x, b: uniform([5], { seed: 3 }) },
    build: ({ bits, a, b }) => where(bits!, { then: a!, otherwise: b! }),
  },
];

Deno.test("gradients of elementwise operators equal central differences, in ONNX Runtime too", async () => {
  const seen = new Set<string>();
  for (const one of cases) (await checkGradient(one)).forEach((op) => seen.add(op));
  assert.deepEqual(Object.keys(elementwise).filter((op) => !seen.has(op)), []);
});
