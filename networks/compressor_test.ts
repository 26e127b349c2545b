import assert from "node:assert/strict";
import { input, traceScopes } from "../onnx/mod.ts";
import { CheckpointError } from "../errors.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { waves, waveWeights } from "../tests/wave_weights.ts";
import { compressorChannels, compressorConfig, compressorStride, embedPixels } from "./compressor.ts";
import { compressorInput } from "./compressor_input.ts";
import { parseConfig } from "./config.ts";
import { smallCompressor, smallCompressorConfig } from "./small_compressor.ts";

const file = "compressor/config.json";

Deno.test("_class_name chooses the compressor, each with 32 pixels a cell by default", () => {
  const parse = (json: unknown) => parseConfig(compressorConfig, json, { file });
  const small = parse({ _class_name: "WuerstchenSemanticCompressor", in_channels: 1 });
  const published = parse({ _class_name: "EfficientNetEncoder" });
  assert.deepEqual([small, published].map(compressorStride), [32, 32]);
  assert.deepEqual([small, published].map(compressorChannels), [1, 3]);
  const pixels = (channels: number) => input("pixels", "float32", ["b", channels, 100, 70]);
  for (const config of [small, published]) {
    const { result, parameters } = traceScopes(() =>
      embedPixels(config, pixels(compressorChannels(config)), { cells: [3, 2] })
    );
    assert.deepEqual(result.shape, ["b", 16, 3, 2]);
    assert.equal(parameters.has("backbone.0.0.weight"), config === published);
  }
  for (const json of [{}, { _class_name: "EfficientNet" }]) {
    assert.throws(() => parse(json), (error) =>
      error instanceof CheckpointError &&
      error.message ===
        `${file}: "_class_name": Expected WuerstchenSemanticCompressor or EfficientNetEncoder`);
  }
});

Deno.test("embedPixels() resizes to a stride for each cell and normalises", async () => {
  const config = smallCompressorConfig.parse({
    c_latent: 4,
    patch_size: 2,
    c_hidden: [4, 8],
    blocks: [1, 1],
    image_mean: [0.4],
    image_std: [0.2],
  });
  const pixels = waves([1, 3, 10, 14]);
  const values = inputsLike({ pixels });
  const { result: found, parameters } = traceScopes(() => embedPixels(config, values.pixels, { cells: [2, 3] }));
  const x = compressorInput(values.pixels, { size: [8, 12], mean: [0.4], std: [0.2] });
  const wanted = smallCompressor(config, x);
  const result = await runGraph({ found, wanted }, { inputs: { pixels }, weights: waveWeights(parameters) });
  assert.deepEqual(result["found"], result["wanted"]);
});
