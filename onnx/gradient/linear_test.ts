import assert from "node:assert/strict";
import { checkGradient, type GradientCase, uniform } from "../../tests/check_gradients.ts";
import { conv, type ConvOptions, convTranspose, gemm, matMul } from "../mod.ts";
import { linear } from "./linear.ts";

function product(a: readonly number[], b: readonly number[]): GradientCase {
  return {
    name: `MatMul of [${a}] and [${b}]`,
    inputs: { a: uniform(a, { seed: 1 }), b: uniform(b, { seed: 2 }) },
    build: ({ a, b }) => matMul(a!, b!),
  };
}

function gemmCase(transposeA: boolean, transposeB: boolean, { bias }: { bias: boolean }): GradientCase {
  const name = `Gemm${transposeA ? ", a turned" : ""}${transposeB ? ", b turned" : ""}${bias ? ", bias" : ""}`;
  const [a, b] = [uniform(transposeA ? [4, 3] : [3, 4]), uniform(transposeB ? [5, 4] : [4, 5], { seed: 1 })];
  return {
    name,
    inputs: { a, b, ...(bias ? { bias: uniform([5], { seed: 2 }) } : {}) },
    build: ({ a, b, bias }) => gemm(a!, b!, { transposeA, transposeB, bias }),
  };
}

type Shapes = { x: readonly number[]; weight: readonly number[]; bias?: readonly number[] };

function convolution(
  op: "Conv" | "ConvTranspose",
  { x, weight, bias }: Shapes,
  options: ConvOptions & { outputPadding?: readonly [number, number] } = {},
): GradientCase {
  return {
    name: `${op} of [${x}] by [${weight}] ${JSON.stringify(options)}`,
    inputs: {
      x: uniform(x, { seed: 1 }),
      weight: uniform(weight, { seed: 2 }),
      ...(bias ? { bias: uniform(bias, { seed: 3 }) } : {}),
    },
    build: ({ x, weight, bias }) => (op === "Conv" ? conv : convTranspose)(x!, weight!, { ...options, bias }),
  };
}

const cases: GradientCase[] = [
  product([3, 4], [4, 2]),
  product([2, 3, 4], [4, 2]),
  product([2, 5, 3, 4], [2, 5, 4, 2]),
  product([3, 4], [2, 5, 4, 2]),
  product([2, 1, 3, 4], [1, 5, 4, 2]),
  product([5, 3, 4], [2, 5, 4, 2]),
  gemmCase(false, true, { bias: true }),
  gemmCase(false, true, { bias: false }),
  gemmCase(false, false, { bias: true }),
  gemmCase(true, false, { bias: false }),
  gemmCase(true, true, { bias: true }),
  convolution("Conv", { x: [2, 3, 4, 5], weight: [2, 3, 3, 3], bias: [2] }, { padding: 1 }),
  convolution("Conv", { x: [1, 3, 4, 5], weight: [2, 3, 3, 3] }),
  convolution("Conv", { x: [1, 2, 4, 3], weight: [3, 2, 1, 1], bias: [3] }),
  convolution("Conv", { x: [2, 2, 4, 5], weight: [3, 2, 2, 3] }, { padding: 1 }),
  convolution("Conv", { x: [1, 2, 3, 3], weight: [1, 2, 2, 2] }, { padding: 2 }),
  // A stride that divides the picture, and two that leave rows and columns out.
  convolution("Conv", { x: [2, 2, 6, 4], weight: [3, 2, 4, 4], bias: [3] }, { stride: 2, padding: 1 }),
  convolution("Conv", { x: [1, 2, 7, 5], weight: [3, 2, 2, 2] }, { stride: 2 }),
  convolution("Conv", { x: [1, 2, 8, 6], weight: [2, 2, 3, 3], bias: [2] }, { stride: 3, padding: 1 }),
  convolution("Conv", { x: [2, 4, 3, 5], weight: [4, 1, 3, 3], bias: [4] }, { padding: 1, groups: 4 }),
  convolution("Conv", { x: [1, 4, 5, 4], weight: [4, 1, 3, 3] }, { groups: 4 }),
  convolution("Conv", { x: [2, 3, 6, 7], weight: [3, 1, 3, 3] }, { stride: 2, padding: 1, groups: 3 }),
  convolution("Conv", { x: [1, 2, 3, 4], weight: [6, 1, 3, 3], bias: [6] }, { padding: 1, groups: 2 }),
  convolution("Conv", { x: [2, 6, 4, 3], weight: [4, 3, 3, 3] }, { padding: 1, groups: 2 }),
  convolution("Conv", { x: [2, 6, 5, 4], weight: [4, 3, 2, 2] }, { stride: 2, groups: 2 }),
  convolution("ConvTranspose", { x: [2, 3, 2, 3], weight: [3, 2, 4, 4], bias: [2] }, { stride: 2, padding: 1 }),
  convolution("ConvTranspose", { x: [1, 2, 3, 2], weight: [2, 3, 3, 3] }),
  convolution("ConvTranspose", { x: [1, 4, 2, 3], weight: [4, 2, 2, 2], bias: [4] }, { stride: 2, groups: 2 }),
  convolution("ConvTranspose", { x: [1, 2, 2, 3], weight: [2, 2, 3, 3] }, { stride: 2, outputPadding: [1, 1] }),
];

Deno.test("gradients of products and convolutions equal central differences, in ONNX Runtime too", async () => {
  const seen = new Set<string>();
  for (const one of cases) (await checkGradient(one)).forEach((op) => seen.add(op));
  assert.deepEqual(Object.keys(linear).filter((op) => !seen.has(op)), []);
});
