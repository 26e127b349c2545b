/**
 * Gradients of the elementwise operators. A rule returns the gradient by its operand as that was broadcast; the sum over the
 * repetitions is the caller's.
 * @module
 */
import {
  add,
  and,
  cast,
  cos,
  div,
  erf,
  exp,
  greater,
  greaterOrEqual,
  max,
  mul,
  neg,
  pow,
  sign,
  sin,
  sub,
  tanh,
  where,
} from "../ops/elementwise.ts";
import { type Attribute, type Node, scalar, type Value } from "../value.ts";
import type { Rules } from "./rule.ts";

/** Square roots below this count as this in the gradient, so that a norm of zeros has the gradient 0 and not NaN, as in torch. */
export const smallestRoot = 1e-12;

const isFloat = (value: Value) => value.dtype.startsWith("float");

function keepWhere(condition: Value, g: Value): Value {
  return where(condition, { then: g, otherwise: scalar(g.dtype, 0) });
}

function real(attribute: Attribute | undefined): number {
  return Number(attribute);
}

/** ½·(1 + erf(x/√2)) + x·exp(−x²/2)/√(2π), the derivative of x·Φ(x). */
function geluSlope(x: Value): Value {
  const scaled = mul(x, Math.SQRT1_2);
  const density = mul(mul(exp(mul(neg(scaled), scaled)), x), 1 / Math.sqrt(2 * Math.PI));
  return add(add(mul(erf(scaled), 0.5), density), 0.5);
}

/** ½·(1 + t) + ½·x·(1 − t²)·u′ with t = tanh u and u = √(2/π)·(x + 0.044715·x³). */
function tanhGeluSlope(x: Value): Value {
  const c = Math.sqrt(2 / Math.PI);
  const square = mul(x, x);
  const t = tanh(mul(x, add(mul(square, c * 0.044715), c)));
  const inner = mul(x, add(mul(square, 3 * c * 0.044715), c));
  return mul(add(add(mul(inner, sub(1, mul(t, t))), t), 1), 0.5);
}

const exponentOf = (node: Node) => (node.inputs[1]!.source as { data: Float32Array }).data[0]!;

/** Rules of operators that work element by element. */
export const elementwise: Rules = {
  // d(a + b) = da + db
  Add: ({ g }) => [g, g],
  // d(a − b) = da − db
  Sub: ({ g }) => [g, neg(g)],
  // d(a·b) = b·da + a·db; a square is one product
  Mul: ({ g, a, b }) => a === b ? [mul(mul(g, 2), a)] : [mul(g, b), mul(g, a)],
  // d(a/b) = da/b − y/b·db
  Div: ({ g, y, b }) => [div(g, b), neg(div(mul(g, y), b))],
  // the larger one's; the first's where they are equal
  Max: ({ g, a, b }) => [keepWhere(greaterOrEqual(a, b), g), keepWhere(greater(b, a), g)],
  // the smaller one's; the first's where they are equal
  Min: ({ g, a, b }) => [keepWhere(greaterOrEqual(b, a), g), keepWhere(greater(a, b), g)],
  // 1 inside of the limits, else 0
  Clip: ({ g, a, b: least, node }) => [keepWhere(and(greaterOrEqual(a, least), greaterOrEqual(node.inputs[2]!, a)), g)],
  // d(aⁿ) = n·aⁿ⁻¹·da
  Pow: ({ g, a, node }) => [mul(g, mul(pow(a, exponentOf(node) - 1), exponentOf(node)))],
  // d(−a) = −da
  Neg: ({ g }) => [neg(g)],
  // d√a = da/(2y)
  Sqrt: ({ g, y }) => [div(g, mul(max(y, smallestRoot), 2))],
  // d|a| = sign(a)·da
  Abs: ({ g, a }) => [mul(g, sign(a))],
  // piecewise constant
  Sign: () => [],
  Floor: () => [],
  // deᵃ = y·da
  Exp: ({ g, y }) => [mul(g, y)],
  // d ln a = da/a
  Log: ({ g, a }) => [div(g, a)],
  // d erf(a) = 2/√π·exp(−a²)·da
  Erf: ({ g, a }) => [mul(g, mul(exp(neg(mul(a, a))), 2 / Math.sqrt(Math.PI)))],
  // d tanh a = (1 − y²)·da
  Tanh: ({ g, y }) => [mul(g, sub(1, mul(y, y)))],
  // d sin a = cos a·da
  Sin: ({ g, a }) => [mul(g, cos(a))],
  // d cos a = −sin a·da
  Cos: ({ g, a }) => [neg(mul(g, sin(a)))],
  // dσ(a) = y·(1 − y)·da
  Sigmoid: ({ g, y }) => [mul(g, mul(y, sub(1, y)))],
  // 1 where a > 0, else 0
  Relu: ({ g, y }) => [keepWhere(greater(y, 0), g)],
  // 1 where a ≥ 0, else α
  LeakyRelu: (
    { g, a, node },
  ) => [where(greaterOrEqual(a, 0), { then: g, otherwise: mul(g, real(node.attributes.alpha)) })],
  // d(a·Φ(a)) = (Φ(a) + a·φ(a))·da, or the derivative of its tanh approximation
  Gelu: ({ g, a, node }) => [mul(g, node.attributes.approximate === "tanh" ? tanhGeluSlope(a) : geluSlope(a))],
  // the gradient of the branch taken
  Where: ({ g, a: condition }) => {
    const zero = scalar(g.dtype, 0);
    return [undefined, keepWhere(condition, g), where(condition, { then: zero, otherwise: g })];
  },
  // one number in another format; whole numbers have no gradient
  Cast: ({ g, a }) => [isFloat(a) ? cast(g, a.dtype) : undefined],
  // only `stopGradient` makes one
  Identity: () => [],
};
