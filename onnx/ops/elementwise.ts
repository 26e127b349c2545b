/**
 * Elementwise operators with NumPy broadcasting. A plain number as an operand becomes a scalar of the other's dtype.
 *
 * Each function is named after its ONNX operator (https://onnx.ai/onnx/operators/).
 * @module
 */
import type { DType } from "../../tensor/tensor.ts";
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

/** a ≥ b, as bool. */
export function greaterOrEqual(a: Operand, b: Operand): Value {
  return comparison("GreaterOrEqual", a, b);
}

/** Logical and of two bool values. */
export function and(a: Value, b: Value): Value {
  return comparison("And", a, b);
}

/** √x */
export function sqrt(x: Value): Value {
  return unary("Sqrt", x);
}

/** |x| */
export function abs(x: Value): Value {
  return unary("Abs", x);
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

const castTo: Partial<Record<DType, bigint>> = {
  float32: 1n,
  uint8: 2n,
  int8: 3n,
  int32: 6n,
  int64: 7n,
  bool: 9n,
  float16: 10n,
  float64: 11n,
  bfloat16: 16n,
};

/** Converts the elements to another dtype; no node is made where they have it already. */
export function cast(x: Value, dtype: DType): Value {
  if (x.dtype === dtype) return x;
  const to = castTo[dtype];
  if (to === undefined) throw new GraphError(`Cast: Expected a dtype that ONNX can cast to but found ${dtype}`);
  return emitOne("Cast", [x], { dtype, shape: x.shape, attributes: { to } });
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
