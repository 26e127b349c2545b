/**
 * Sines and cosines of large angles without 64-bit floats.
 * @module
 */
import type { Graph } from "../graph.ts";
import { add, floor, mul, type Operand, sub } from "../ops/elementwise.ts";
import type { Value } from "../value.ts";
import { makerOf, rebuild } from "./rebuild.ts";

/** π in three parts: of the first two, any multiple below 2¹² is a float32. */
const halfTurn = [3.140625, 0.0009677410125732422, -8.742277657347586e-8] as const;

/** sin x / x as a polynomial of x², within 4e-9 from −π/2 to π/2 (least squares on Chebyshev's points). */
const sinePolynomial = [
  1,
  -0.1666666716337204,
  0.008333329111337662,
  -0.00019840680761262774,
  2.751786269072909e-6,
  -2.3778753188707924e-8,
] as const;

/** What sin has to be taken of instead, cos p being sin(p + π/2). */
const ahead: Readonly<Record<string, number>> = { Sin: 0, Cos: Math.PI / 2 };

/**
 * Computes in float32 what a graph takes sines and cosines of in float64, phases from −12000 to 12000, within 2.5e-7, for runtimes that
 * have nothing wider.
 *
 * It is made of sums and products alone: of its own sine WebGPU promises three digits, for angles from −π to π
 * (https://www.w3.org/TR/WGSL/#floating-point-accuracy).
 */
export function singlePrecisionAngles(graph: Graph): Graph {
  return rebuild(graph, (node, now) => {
    if (node.op !== "Cast" || node.outputs[0]!.dtype !== "float32") return undefined;
    const wave = makerOf(node.inputs[0], "Sin") ?? makerOf(node.inputs[0], "Cos");
    const phases = makerOf(wave?.inputs[0], "Cast")?.inputs[0];
    if (phases?.dtype !== "float32" || wave!.outputs[0]!.dtype !== "float64") return undefined;
    return [sineOf(now(phases), ahead[wave!.op]!)];
  });
}

/**
 * sin(p + s) for a shift s up to π/2.
 *
 * W. J. Cody and W. Waite's reduction (Software Manual for the Elementary Functions, 1980): with k = ⌊(p + s) / π + ½⌋ and x = p + s − kπ,
 * sin(p + s) = (−1)ᵏ·sin x; p − k·π₀ − k·π₁ is exact.
 */
function sineOf(p: Value, shift: number): Value {
  const k = floor(add(mul(p, 1 / Math.PI), shift / Math.PI + 0.5));
  const exact = sub(sub(p, mul(k, halfTurn[0])), mul(k, halfTurn[1]));
  const x = sub(exact, sub(mul(k, halfTurn[2]), shift));
  const square = mul(x, x);
  const [highest, ...lower] = sinePolynomial.toReversed();
  const ratio = lower.reduce<Operand>((sum, factor) => add(mul(square, sum), factor), highest!) as Value;
  const sign = sub(add(mul(floor(mul(k, 0.5)), 4), 1), mul(k, 2));
  return mul(mul(ratio, x), sign);
}
