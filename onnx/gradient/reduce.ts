/**
 * Gradients of reductions and normalisations.
 * @module
 */
import { div, max, mul, sub } from "../ops/elementwise.ts";
import { reduceMean, reduceSum } from "../ops/reduce.ts";
import type { Value } from "../value.ts";
import { sumTo } from "./broadcast.ts";
import { smallestRoot } from "./elementwise.ts";
import { integersOf, type Rules } from "./rule.ts";

const last = { axes: [-1] };

function isOnes({ source }: Value): boolean {
  return source.kind === "constant" && (source.data as Float32Array).every((element) => element === 1);
}

/** Rules of operators that sum over axes. */
export const reduce: Rules = {
  // d Σa = Σ da
  ReduceSum: ({ g }) => [g],
  // d(Σa/n) = Σ da/n
  ReduceMean: ({ g, a, node }) => {
    const count = integersOf(node.inputs[1]).reduce((all, axis) => all * a.size(axis), 1);
    return [mul(g, 1 / count)];
  },
  // d‖a‖ = Σ a/y·da
  ReduceL2: ({ g, y, a }) => [mul(a, div(g, max(y, smallestRoot)))],
  // da = y ⊙ (g − Σ g ⊙ y)
  Softmax: ({ g, y }) => [mul(y, sub(g, reduceSum(mul(g, y), last)))],
  // x̂ = (x − μ)/σ and d = g ⊙ scale: dx = (d − mean d − x̂ ⊙ mean(d ⊙ x̂))/σ, dscale = Σ g ⊙ x̂, dbias = Σ g
  LayerNormalization: ({ g, y, a: x, b: scale, node }) => {
    const [, mean, invDeviation] = node.outputs as [Value, Value, Value];
    const plain = isOnes(scale);
    const normed = plain && !node.inputs[2] ? y : mul(sub(x, mean), invDeviation);
    const d = plain ? g : mul(g, scale);
    const rest = sub(sub(d, reduceMean(d, last)), mul(normed, reduceMean(mul(d, normed), last)));
    const sum = { from: x.shape, to: scale.shape };
    return [mul(rest, invDeviation), sumTo(mul(g, normed), sum), sumTo(g, sum)];
  },
};
