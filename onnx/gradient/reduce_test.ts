import assert from "node:assert/strict";
import { checkGradient, type GradientCase, uniform } from "../../tests/check_gradients.ts";
import {
  add,
  argMax,
  argMin,
  cast,
  constant,
  div,
  layerNormalization,
  mul,
  reduceL2,
  reduceMean,
  reduceSum,
  softmax,
  sqrt,
  type Value,
} from "../mod.ts";
import { reduce } from "./reduce.ts";

const x = uniform([2, 3, 4, 5]);
const ones = constant("float32", [5], new Float32Array(5).fill(1));

const of = (name: string, apply: (x: Value) => Value): GradientCase => {
  return { name, inputs: { x }, build: ({ x }) => apply(x!) };
};

/** As in ConvNeXt V2: the norm over height and width, divided by its mean over the channels. */
function responseNorm(x: Value): Value {
  const norm = sqrt(reduceSum(mul(x, x), { axes: [1, 2] }));
  return mul(x, div(norm, add(reduceMean(norm, { axes: [3] }), 1e-6)));
}

const cases: GradientCase[] = [
  of("ReduceSum, first axes", (x) => reduceSum(x, { axes: [0, 1] })),
  of("ReduceSum, middle", (x) => mul(x, reduceSum(mul(x, x), { axes: [1, 2] }))),
  of("ReduceSum, last", (x) => reduceSum(x, { axes: [-1] })),
  of("ReduceSum, apart", (x) => mul(reduceSum(x, { axes: [0, 2] }), x)),
  of("ReduceSum, all", (x) => reduceSum(mul(x, x), { axes: [0, 1, 2, 3] })),
  of("ReduceL2, middle", (x) => reduceL2(x, { axes: [1, 2] })),
  of("ReduceMean, middle", (x) => mul(x, reduceMean(x, { axes: [1, 2] }))),
  of("ReduceMean, last", (x) => reduceMean(mul(x, x), { axes: [3] })),
  of("ArgMax and ArgMin have no gradient", (x) => {
    const picked = add(argMax(x, { axis: 3 }), argMin(x, { axis: 3 }));
    return mul(x, cast(picked, "float32"));
  }),
  of("response normalisation", responseNorm),
  of("Softmax", softmax),
  of("LayerNormalization, plain", (x) => layerNormalization(x, ones, { epsilon: 1e-6 })),
  {
    name: "LayerNormalization with a bias alone",
    inputs: { x, bias: uniform([5], { seed: 3 }) },
    build: ({ x, bias }) => layerNormalization(x!, ones, { bias, epsilon: 1e-2 }),
  },
  {
    name: "LayerNormalization with a scale",
    inputs: { x, scale: uniform([5], { seed: 2 }) },
    build: ({ x, scale }) => layerNormalization(x!, scale!, { epsilon: 1e-5 }),
  },
  {
    name: "LayerNormalization with scale and bias",
    inputs: { x, scale: uniform([5], { seed: 2 }), bias: uniform([5], { seed: 3 }) },
    build: ({ x, scale, bias }) => layerNormalization(x!, scale!, { bias, epsilon: 1e-5 }),
  },
];

Deno.test("gradients of reductions and norms equal central differences, in ONNX Runtime too", async () => {
  const seen = new Set<string>();
  for (const one of cases) (await checkGradient(one)).forEach((op) => seen.add(op));
  assert.deepEqual(Object.keys(reduce).filter((op) => !seen.has(op)), []);
});
