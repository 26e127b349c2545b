import assert from "node:assert/strict";
import { input, traceScopes } from "../onnx/mod.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { assertClose } from "../tests/read_fixture.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { batchNorm, convolutionNorm } from "./batch_norm.ts";

const row = (...values: number[]) => tensor("float32", [values.length], Float32Array.from(values));
const x = tensor("float32", [1, 2, 1, 2], Float32Array.of(1, 3, -2, 6));

Deno.test("batchNorm() is (x − mean)/√(variance + ε), times the weight, plus the bias", async () => {
  const weights = {
    "bn.running_mean": row(1, 2),
    "bn.running_var": row(3, 15),
    "bn.weight": row(10, 1),
    "bn.bias": row(0, 0.5),
  };
  const { out } = await runGraph({ out: batchNorm("bn", inputsLike({ x }).x, { epsilon: 1 }) }, {
    inputs: { x },
    weights,
  });
  assertClose(out!, tensor("float32", [1, 2, 1, 2], Float32Array.of(0, 10, -0.5, 1.5)), 1e-6, "out");
});

Deno.test("a norm without affine has no weight and no bias", async () => {
  const weights = { "bn.running_mean": row(1, 2), "bn.running_var": row(3, 15) };
  const out = batchNorm("bn", inputsLike({ x }).x, { epsilon: 1, affine: false });
  const found = await runGraph({ out }, { inputs: { x }, weights });
  assertClose(found["out"]!, tensor("float32", [1, 2, 1, 2], Float32Array.of(0, 1, -1, 1)), 1e-6, "out");
});

Deno.test("convolutionNorm() is the convolution and then the norm, borders included", async () => {
  const data = Float32Array.from({ length: 2 * 5 * 4 }, (_, i) => Math.sin(i));
  const inputs: Record<string, Tensor> = { x: tensor("float32", [1, 2, 5, 4], data) };
  const weights: Record<string, Tensor> = {
    "0.weight": tensor("float32", [4, 1, 3, 3], Float32Array.from({ length: 36 }, (_, i) => Math.cos(3 * i))),
    "1.running_mean": row(0.1, -0.2, 0.3, 1),
    "1.running_var": row(0.5, 1, 2, 4),
    "1.weight": row(1, -1, 0.5, 2),
    "1.bias": row(0, 0.1, 0.2, -3),
    "one.running_mean": row(0, 0, 0, 0),
    "one.running_var": row(1, 1, 1, 1),
    "one.weight": row(1, 1, 1, 1),
    "one.bias": row(0, 0, 0, 0),
  };
  const norm = { epsilon: 1e-3 };
  const value = inputsLike(inputs)["x"]!;
  const options = { to: 4, kernel: 3, stride: 2, groups: 2, ...norm };
  const folded = convolutionNorm(value, options);
  assert.deepEqual(folded.shape, [1, 4, 3, 2]);
  // The convolution alone, by a norm that changes nothing.
  const plain = { ...weights };
  for (const name of ["running_mean", "running_var", "weight", "bias"]) plain[`1.${name}`] = weights[`one.${name}`]!;
  const exact = convolutionNorm(value, { ...options, epsilon: 0 });
  const { convolved } = await runGraph({ convolved: exact }, { inputs, weights: plain });
  const middle = inputsLike({ convolved: convolved! });
  const apart = await runGraph({ out: batchNorm("1", middle.convolved, norm) }, {
    inputs: { convolved: convolved! },
    weights,
  });
  const together = await runGraph({ out: folded }, { inputs, weights });
  assertClose(together["out"]!, apart["out"]!, 1e-5, "out");
});

Deno.test("convolutionNorm() has torchvision's names: 0 for the convolution, 1 for the norm", () => {
  const value = input("x", "float32", [1, 3, 8, 8]);
  const { parameters } = traceScopes(() => convolutionNorm(value, { to: 6, kernel: 3, epsilon: 1e-3 }));
  const keys = ["0.weight", "1.bias", "1.running_mean", "1.running_var", "1.weight"];
  assert.deepEqual([...parameters.keys()].sort(), keys);
  assert.deepEqual(parameters.get("0.weight"), [6, 3, 3, 3]);
});
