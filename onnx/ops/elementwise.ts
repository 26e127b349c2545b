/**
 * Elementwise operators with NumPy broadcasting. A plain number as an operand becomes a scalar of the other's dtype.
 *
 * Each function is named after its ONNX operator (https://onnx.ai/onnx/operators/).
 * @module
 */
import type { DType } from "../../tensor/tensor.ts";
import { dataTypes } from "../data_types.ts";
import { broadcast, formatShape } from "../dims.ts";
import { emitOne, GraphError, scalar, Value } from "../value.ts";

/** An operand: a value, or a number that takes the other operand's dtype. */
export type Operand = Value | number;

function binary(op: string, a: Operand, b: Operand): { inputs: [Value, Value]; shape: readonly (number | string)[] } {
  const dtype = a instanceof Value ? a.dtype : b instanceof Value ? b.dtype : "float32";
  const left = a instanceof Value ? a : scalar(dtype, a);
  const right = b instanceof Value ? b : scalar(dtype, b);
  if (left.dtype !== right.dtype) {
    throw new GraphError(`${op}: Expected operands of one dtype but found ${left.dtype} and ${right.dtype}`);
  }
  const shape = broadcast(left.shape, right.shape);
  if (!shape) {
    throw new GraphError(
      `${op}: Expected shapes that broadcast but found ${formatShape(left.shape)} and ${formatShape(right.shape)}`,
    );
  }
  return { inputs: [left, right], shape };
}

function arithmetic(op: string, a: Operand, b: Operand): Value {
  const { inputs, shape } = binary(op, a, b);
  if (inputs[0].dtype === "bool") throw new GraphError(`${op}: Expected numbers but found bool`);
  return emitOne(op, inputs, { dtype: inputs[0].dtype, shape });
}

function comparison(op: string, a: Operand, b: Operand): Value {
  const { inputs, shape } = binary(op, a, b);
  return emitOne(op, inputs, { dtype: "bool", shape });
}

function unary(op: string, x: Value, attributes: Record<string, number | string> = {}): Value {
  return emitOne(op, [x], { dtype: x.dtype, shape: x.shape, attributes });
}

/** a + b */
export function add(a: Operand, b: Operand): Value {
  return arithmetic("Add", a, b);
}

/** a − b */
export function sub(a: Operand, b: Operand): Value {
  return arithmetic("Sub", a, b);
}

/** a · b, element by element. */
export function mul(a: Operand, b: Operand): Value {
  return arithmetic("Mul", a, b);
}

/** a / b */
export function div(a: Operand, b: Operand): Value {
  return arithmetic("Div", a, b);
}

/** a = b, as bool. */
export function equal(a: Operand, b: Operand): Value {
  return comparison("Equal", a, b);
}

/** a > b, as bool. */
export function greater(a: Operand, b: Operand): Value {
  return comparison("Greater", a, b);
}

/** a ≥ b, as bool. */
export function greaterOrEqual(a: Operand, b: Operand): Value {
  return comparison("GreaterOrEqual", a, b);
}

/** Logical and of two bool values. */
export function and(a: Value, b: Value): Value {
  if (a.dtype !== "bool") throw new GraphError(`And: Expected bool operands but found ${a.dtype}`);
  return comparison("And", a, b);
}

/** The larger of a and b. */
export function max(a: Operand, b: Operand): Value {
  return arithmetic("Max", a, b);
}

/** The smaller of a and b. */
export function min(a: Operand, b: Operand): Value {
  return arithmetic("Min", a, b);
}

/** x, but at least `min` and at most `max`. */
export function clip(x: Value, { min, max }: { min: number; max: number }): Value {
  if (!(min <= max)) throw new GraphError(`Clip: Expected min <= max but found ${min} and ${max}`);
  return emitOne("Clip", [x, scalar(x.dtype, min), scalar(x.dtype, max)], { dtype: x.dtype, shape: x.shape });
}

/** x to the power of a number. */
export function pow(x: Value, exponent: number): Value {
  return emitOne("Pow", [x, scalar(x.dtype, exponent)], { dtype: x.dtype, shape: x.shape });
}

/** −x */
export function neg(x: Value): Value {
  return unary("Neg", x);
}

/** √x */
export function sqrt(x: Value): Value {
  return unary("Sqrt", x);
}

/** |x| */
export function abs(x: Value): Value {
  return unary("Abs", x);
}

/** −1, 0 or 1: the sign of x. */
export function sign(x: Value): Value {
  return unary("Sign", x);
}

/** eˣ */
export function exp(x: Value): Value {
  return unary("Exp", x);
}

/** Natural logarithm. */
export function log(x: Value): Value {
  return unary("Log", x);
}

/** Error function 2/√π·∫₀ˣ exp(−t²) dt. */
export function erf(x: Value): Value {
  return unary("Erf", x);
}

/** tanh x */
export function tanh(x: Value): Value {
  return unary("Tanh", x);
}

/** ⌊x⌋ */
export function floor(x: Value): Value {
  return unary("Floor", x);
}

/** sin x */
export function sin(x: Value): Value {
  return unary("Sin", x);
}

/** cos x */
export function cos(x: Value): Value {
  return unary("Cos", x);
}

/** 1 / (1 + e⁻ˣ) */
export function sigmoid(x: Value): Value {
  return unary("Sigmoid", x);
}

/** max(x, 0) */
export function relu(x: Value): Value {
  return unary("Relu", x);
}

/** x where x ≥ 0, else `alpha`·x. */
export function leakyRelu(x: Value, { alpha = 0.01 }: { alpha?: number } = {}): Value {
  return unary("LeakyRelu", x, { alpha });
}

/** x·Φ(x), exact (by erf) or by the tanh approximation (https://arxiv.org/abs/1606.08415). */
export function gelu(x: Value, { approximate = "none" }: { approximate?: "none" | "tanh" } = {}): Value {
  return unary("Gelu", x, { approximate });
}

/** x·σ(x), also called swish. */
export function silu(x: Value): Value {
  return mul(x, sigmoid(x));
}

/** Converts the elements to another dtype; no node is made where they have it already. */
export function cast(x: Value, dtype: DType): Value {
  if (x.dtype === dtype) return x;
  return emitOne("Cast", [x], { dtype, shape: x.shape, attributes: { to: BigInt(dataTypes[dtype]) } });
}

/** `a` where `condition` holds, else `b`; all three broadcast. */
export function where(condition: Value, { then, otherwise }: { then: Operand; otherwise: Operand }): Value {
  const { inputs, shape } = binary("Where", then, otherwise);
  const whole = broadcast(condition.shape, shape);
  if (condition.dtype !== "bool" || !whole) {
    throw new GraphError(
      `Where: Expected a bool condition that broadcasts to ${formatShape(shape)} but found ${condition.dtype} ` +
        formatShape(condition.shape),
    );
  }
  return emitOne("Where", [condition, ...inputs], { dtype: inputs[0].dtype, shape: whole });
}
