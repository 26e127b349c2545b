import assert from "node:assert/strict";
import { input, parameter, traceScopes } from "../onnx/mod.ts";
import { tensor } from "../tensor/tensor.ts";
import { assertDescent } from "../tests/assert_descent.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { waves, waveWeights } from "../tests/wave_weights.ts";
import { patchDiscriminator, patchDiscriminatorConfig } from "./patch_discriminator.ts";

Deno.test("a discriminator has pix2pix's layers: channels double up to eight times, 70 pixels a logit", () => {
  const config = patchDiscriminatorConfig.parse({});
  const { result, parameters } = traceScopes(() => {
    return patchDiscriminator(config, input("pixels", "float32", ["b", 3, 128, 256]));
  });
  assert.deepEqual(result.shape, ["b", 1, 14, 30]);
  const weights = [...parameters].filter(([key]) => key.endsWith("weight")).map(([, shape]) => shape);
  assert.deepEqual(weights, [[64, 3, 4, 4], [128, 64, 4, 4], [256, 128, 4, 4], [512, 256, 4, 4], [1, 512, 4, 4]]);
  const deep = patchDiscriminatorConfig.parse({ channels: 2, layers: 5 });
  const { parameters: capped } = traceScopes(() => patchDiscriminator(deep, input("x", "float32", [1, 3, 128, 128])));
  assert.equal(capped.get("layers.5.weight")![0], 16);
});

Deno.test("a logit sees its patch and nothing else, in its own picture", async () => {
  const config = patchDiscriminatorConfig.parse({ in_channels: 5, channels: 4, layers: 1 });
  const shape = [2, 5, 40, 40];
  const { result: logits, parameters } = traceScopes(() => {
    return patchDiscriminator(config, inputsLike({ pixels: tensor("float32", shape) }).pixels);
  });
  const weights = waveWeights(parameters);
  const pixels = waves(shape);
  const changed = waves(shape);
  // One pixel of the first picture: row 20, column 20.
  changed.data[20 * 40 + 20]! += 0.5;
  const before = (await runGraph({ logits }, { inputs: { pixels }, weights }))["logits"]!;
  const after = (await runGraph({ logits }, { inputs: { pixels: changed }, weights }))["logits"]!;
  assert.deepEqual(before.shape, [2, 1, 18, 18]);
  const touched = [...before.data as Float32Array].flatMap((value, i) => value === after.data[i] ? [] : [i]);
  const rows = new Set(touched.map((i) => Math.floor(i / 18)));
  // Logit row r sees rows 2r − 5 … 2r + 10.
  assert.deepEqual([...rows].sort((a, b) => a - b), [5, 6, 7, 8, 9, 10, 11, 12]);
  assert.equal(touched.length, 64);
});

Deno.test("a discriminator can be trained, and so can what makes its pictures", async () => {
  const config = patchDiscriminatorConfig.parse({ in_channels: 1, channels: 4, layers: 2 });
  await assertDescent(() => patchDiscriminator(config, parameter("pixels", [2, 1, 16, 24])), { inputs: {} });
});

Deno.test("pictures of other channels, and pictures too small for the layers, are refused", () => {
  const config = patchDiscriminatorConfig.parse({});
  assert.throws(
    () => patchDiscriminator(config, input("x", "float32", [1, 4, 64, 64])),
    /Expected pictures of 3 channels but found \[1, 4, 64, 64\]/,
  );
  assert.throws(
    () => patchDiscriminator(config, input("x", "float32", [1, 3, 16, 16])),
    /out: Conv: Expected a picture of at least the kernel's size/,
  );
});
