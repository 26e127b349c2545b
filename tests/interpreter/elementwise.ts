/**
 * Elementwise operators of ONNX in float64.
 * @module
 */
import type { Attribute } from "../../onnx/mod.ts";
import { type Array64, broadcastAt, broadcastShape, fill } from "./array.ts";
import { erf } from "./erf.ts";
import type { Kernels } from "./kernel.ts";

type Attributes = Readonly<Record<string, Attribute>>;

function elementwise(apply: (operands: number[], attributes: Attributes) => number) {
  return (inputs: readonly Array64[], attributes: Attributes) =>
    fill(broadcastShape(inputs), (index) => apply(inputs.map((x) => broadcastAt(x, index)), attributes));
}

function unary(apply: (x: number, attributes: Attributes) => number) {
  return elementwise(([x], attributes) => apply(x!, attributes));
}

function binary(apply: (a: number, b: number) => number) {
  return elementwise(([a, b]) => apply(a!, b!));
}

function gelu(x: number, { approximate }: Attributes): number {
  if (approximate !== "tanh") return 0.5 * x * (1 + erf(x * Math.SQRT1_2));
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/** ONNX's codes of bool and of the whole-number types. */
const boolType = 9;
const integerTypes = [2, 3, 4, 5, 6, 7, 12, 13];

function cast(x: number, { to }: Attributes): number {
  if (Number(to) === boolType) return x === 0 ? 0 : 1;
  return integerTypes.includes(Number(to)) ? Math.trunc(x) : x;
}

export const elementwiseKernels: Kernels = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Max: binary(Math.max),
  Min: binary(Math.min),
  Pow: binary((a, b) => a ** b),
  Equal: binary((a, b) => Number(a === b)),
  Greater: binary((a, b) => Number(a > b)),
  GreaterOrEqual: binary((a, b) => Number(a >= b)),
  And: binary((a, b) => Number(a !== 0 && b !== 0)),
  Where: elementwise(([condition, a, b]) => condition ? a! : b!),
  Clip: elementwise(([x, low, high]) => Math.min(Math.max(x!, low!), high!)),
  Neg: unary((x) => -x),
  Sqrt: unary(Math.sqrt),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Floor: unary(Math.floor),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Erf: unary(erf),
  Tanh: unary(Math.tanh),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Relu: unary((x) => Math.max(x, 0)),
  LeakyRelu: unary((x, { alpha }) => x < 0 ? x * Number(alpha) : x),
  Gelu: unary(gelu),
  Identity: unary((x) => x),
  Cast: unary(cast),
};
