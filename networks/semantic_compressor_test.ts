import assert from "node:assert/strict";
import { add, input, traceScopes, type Value } from "../onnx/mod.ts";
import { formulaWeights, readFormula } from "../tests/formula_weights.ts";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { compressorInput, stageCTarget } from "./compressor_input.ts";
import { semanticCompressor, semanticCompressorConfig } from "./semantic_compressor.ts";

const formula = readFormula("encoder/formula.json");
const weights = formulaWeights(formula);
const v2 = semanticCompressorConfig.parse({});
const cascade = semanticCompressorConfig.parse({ affine: false });
const published = { latentMean: 42, latentStd: 1 };

/** [h, w, 3] bytes as [1, 3, h, w] numbers 0…1. */
function pixelsOf({ shape: [h, w], data }: Tensor<"uint8">): Tensor<"float32"> {
  const size = h! * w!;
  const values = Float32Array.from(data, (_, i) => data[(i % size) * 3 + Math.floor(i / size)]! / 255);
  return tensor("float32", [1, 3, h!, w!], values);
}

for (const name of ["size50x75", "size64x64", "size96x160"]) {
  Deno.test(`the compressors of Würstchen v2 and Stable Cascade equal the original: ${name}`, async () => {
    const fixture = readFixture(`../compressor/encoder/${name}`);
    const pixels = pixelsOf(fixture.tensor<"uint8">("image"));
    const values = inputsLike({ pixels });
    const x = compressorInput(values.pixels, {
      size: [pixels.shape[2]!, pixels.shape[3]!],
      mean: v2.image_mean,
      std: v2.image_std,
    });
    const { scopes, result } = traceScopes(() => semanticCompressor(v2, x));
    const all: Record<string, Value> = {
      x: add(x, 0),
      v2_unscaled: add(result, 0),
      v2: stageCTarget(result, published),
      cascade: semanticCompressor(cascade, x),
    };
    const wanted = fixture.manifest.tensors.map(({ name }) => name).filter((key) => key !== "image");
    const outputs = Object.fromEntries(wanted.map((key) => [key, all[key] ?? scopes.get(key)!]));
    const found = await runGraph(outputs, { inputs: { pixels }, weights });
    for (const key of wanted) {
      assertClose(found[key]!, fixture.tensor(key), key === "x" ? 1e-6 : fixture.atol(key), `${name}: ${key}`);
    }
  });
}

Deno.test("the parameters of a compressor are the tensors of the published checkpoints", () => {
  const x = input("x", "float32", ["batch", 3, 64, 64]);
  const shapes = Object.entries(formula.table).map(([key, [shape]]) => [key, shape] as const);
  assert.deepEqual(traceScopes(() => semanticCompressor(v2, x)).parameters, new Map(shapes));
  const bare = shapes.filter(([key]) => key !== "mapper.1.weight" && key !== "mapper.1.bias");
  assert.deepEqual(traceScopes(() => semanticCompressor(cascade, x)).parameters, new Map(bare));
});
