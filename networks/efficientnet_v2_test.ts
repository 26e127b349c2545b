import assert from "node:assert/strict";
import { countFlops, graph, input, traceScopes } from "../onnx/mod.ts";
import { tensor } from "../tensor/tensor.ts";
import { assertDescent } from "../tests/assert_descent.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { waves, waveWeights } from "../tests/wave_weights.ts";
import { efficientNetStride, efficientNetV2, efficientNetV2Config } from "./efficientnet_v2.ts";

const small = efficientNetV2Config.parse({
  in_channels: 4,
  stem_channels: 8,
  stages: [
    { block: "fused", expand_ratio: 2, stride: 2, channels: 8, layers: 1 },
    { block: "mbconv", expand_ratio: 1, stride: 1, channels: 8, layers: 2 },
  ],
  head_channels: 12,
});
const s = efficientNetV2Config.parse({});

Deno.test("EfficientNetV2-S has 20.2 M parameters and 8.4 billion multiplications at 384 pixels", () => {
  const x = input("x", "float32", [1, 3, 384, 384]);
  const { parameters, result } = traceScopes(() => efficientNetV2(s, x));
  const trained = [...parameters].filter(([key]) => !key.includes("running"));
  // torchvision's efficientnet_v2_s() has 21,458,488, of which 1,281,000 are the classifier.
  assert.equal(trained.reduce((all, [, shape]) => all + shape.reduce((a, b) => a * b), 0), 21_458_488 - 1_281_000);
  assert.ok(Math.abs(countFlops(graph({ outputs: { result } }).nodes) / 2 - 8.36e9) < 0.01e9);
});

Deno.test("sides are divided by the stride and rounded up", () => {
  assert.equal(efficientNetStride(s), 32);
  for (const [side, cells] of [[32, 1], [33, 2], [75, 3], [96, 3], [768, 24]] as const) {
    assert.deepEqual(efficientNetV2(s, input("x", "float32", ["b", 3, side, 32])).shape, ["b", 1280, cells, 1]);
  }
});

Deno.test("other stages, widths and numbers of channels are a matter of configuration", async () => {
  const x = waves([2, 4, 9, 6]);
  const { result, parameters } = traceScopes(() => efficientNetV2(small, inputsLike({ x }).x));
  assert.equal(efficientNetStride(small), 4);
  assert.deepEqual(parameters.get("1.0.block.1.0.weight"), [8, 16, 1, 1]);
  // An expansion by 1 has no convolution of its own: the depthwise one comes first.
  assert.deepEqual(parameters.get("2.1.block.0.0.weight"), [8, 1, 3, 3]);
  assert.deepEqual(parameters.get("2.1.block.1.fc1.weight"), [2, 8, 1, 1]);
  const weights = waveWeights(parameters);
  const { result: whole } = await runGraph({ result }, { inputs: { x }, weights });
  assert.deepEqual(whole!.shape, [2, 12, 3, 2]);
  const second = tensor("float32", [1, 4, 9, 6], x.data.slice(4 * 9 * 6));
  const alone = await runGraph({ result: efficientNetV2(small, inputsLike({ x: second }).x) }, {
    inputs: { x: second },
    weights,
  });
  const half = (whole!.data as Float32Array).subarray(12 * 3 * 2);
  (alone["result"]!.data as Float32Array).forEach((value, i) =>
    assert.ok(Math.abs(value - half[i]!) < 1e-5 * (1 + Math.abs(value)))
  );
});

Deno.test("the features can be trained further, their running statistics being constants", async () => {
  const x = waves([2, 4, 9, 6]);
  await assertDescent(() => efficientNetV2(small, inputsLike({ x }).x), { inputs: { x } });
});

Deno.test("a picture with another number of channels is refused", () => {
  const wrong = input("x", "float32", [1, 5, 8, 8]);
  assert.throws(() => efficientNetV2(small, wrong), /0: Expected a picture of 4 channels but found \[1, 5, 8, 8\]/);
});

Deno.test("a configuration with an unknown kind of block is refused, naming it", () => {
  const stages = [{ block: "dense", expand_ratio: 1, stride: 1, channels: 8, layers: 1 }];
  const result = efficientNetV2Config.safeParse({ stages });
  assert.deepEqual(result.error?.issues[0]?.path, ["stages", 0, "block"]);
});
