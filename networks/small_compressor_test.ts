import assert from "node:assert/strict";
import { input, traceScopes } from "../onnx/mod.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { assertDescent } from "../tests/assert_descent.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { waves, waveWeights } from "../tests/wave_weights.ts";
import { compressorInput, compressorSize } from "./compressor_input.ts";
import { smallCompressor, smallCompressorConfig, smallCompressorStride } from "./small_compressor.ts";

const usual = smallCompressorConfig.parse({});
const tiny = smallCompressorConfig.parse({
  in_channels: 2,
  c_latent: 6,
  patch_size: 2,
  c_hidden: [4, 8],
  blocks: [1, 2],
});

async function run(x: Tensor): Promise<Float32Array> {
  const { result: e, parameters } = traceScopes(() => smallCompressor(tiny, inputsLike({ x }).x));
  const found = await runGraph({ e }, { inputs: { x }, weights: waveWeights(parameters) });
  return found["e"]!.data as Float32Array;
}

Deno.test("a picture of 128 pixels becomes 3 × 3 cells of 16 channels", () => {
  const size = compressorSize({ height: 128, width: 128 }, {
    stride: smallCompressorStride(usual),
    resolutionMultiple: 42.67,
  });
  assert.deepEqual(size, [96, 96]);
  const pixels = input("pixels", "float32", ["b", 3, 128, 128]);
  const x = compressorInput(pixels, { size, mean: usual.image_mean, std: usual.image_std });
  const { result, parameters } = traceScopes(() => smallCompressor(usual, x));
  assert.deepEqual(result.shape, ["b", 16, 3, 3]);
  assert.deepEqual(parameters.get("levels.0.embedding.weight"), [64, 48, 1, 1]);
  assert.deepEqual(parameters.get("levels.2.blocks.1.depthwise.weight"), [256, 1, 3, 3]);
  assert.deepEqual(parameters.get("levels.3.embedding.weight"), [256, 1024, 1, 1]);
  assert.deepEqual(parameters.get("mapper.weight"), [16, 256, 1, 1]);
});

Deno.test("each cell of an embedding has mean 0 and variance 1, of a blank picture as well", async () => {
  for (const x of [waves([2, 2, 8, 12]), tensor("float32", [2, 2, 8, 12])]) {
    const e = await run(x);
    const cells = 2 * 3;
    for (let picture = 0; picture < 2; picture++) {
      for (let cell = 0; cell < cells; cell++) {
        const values = Array.from({ length: 6 }, (_, c) => e[(picture * 6 + c) * cells + cell]!);
        const mean = values.reduce((a, b) => a + b) / 6;
        const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 6;
        assert.ok(Math.abs(mean) < 1e-5 && Math.abs(variance - 1) < 1e-3, `mean ${mean}, variance ${variance}`);
      }
    }
  }
});

Deno.test("a picture's embedding does not depend on the others of its batch", async () => {
  const both = waves([2, 2, 8, 8]);
  const second = tensor("float32", [1, 2, 8, 8], both.data.slice(2 * 8 * 8));
  const [together, alone] = [await run(both), await run(second)];
  alone.forEach((value, i) => assert.ok(Math.abs(value - together[alone.length + i]!) < 1e-5));
  assert.ok(alone.some((value, i) => Math.abs(value - together[i]!) > 1e-2), "different pictures differ");
});

Deno.test("a small compressor can be trained: the gradient reaches every parameter", async () => {
  const x = waves([2, 2, 8, 8]);
  await assertDescent(() => smallCompressor(tiny, inputsLike({ x }).x), { inputs: { x } });
});

Deno.test("config.json names its class, and another class is refused", () => {
  assert.equal(usual._class_name, "WuerstchenSemanticCompressor");
  const foreign = smallCompressorConfig.safeParse({ _class_name: "EfficientNetEncoder" });
  assert.deepEqual(foreign.error?.issues[0]?.path, ["_class_name"]);
});

Deno.test("a configuration needs as many counts of blocks as levels, and an odd kernel", () => {
  const result = smallCompressorConfig.safeParse({ blocks: [1, 1] });
  assert.match(result.error!.issues[0]!.message, /Expected an entry for each of the 4 levels but found 2/);
  assert.ok(!smallCompressorConfig.safeParse({ kernel_size: 4 }).success);
});

Deno.test("sides that do not divide by the stride, and other channels, are refused", () => {
  assert.equal(smallCompressorStride(tiny), 4);
  for (const shape of [[1, 2, 8, 6], [1, 2, 10, 8], [1, 3, 8, 8]]) {
    assert.throws(
      () => smallCompressor(tiny, input("x", "float32", shape)),
      /Expected pictures of 2 channels and sides that divide by 4 but found/,
    );
  }
});
