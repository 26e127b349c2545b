import assert from "node:assert/strict";
import { ditPrior, ditPriorConfig } from "../networks/dit_prior.ts";
import { traceScopes } from "../onnx/mod.ts";
import { openNetwork } from "../tests/network_case.ts";
import { readFixtureTensors } from "../tests/read_fixture.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { decoderInit, ditInit, initialise, plainInit, priorInit, t5Init, vqganInit } from "./initialise.ts";

const deviation = (values: Float32Array) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
};

Deno.test("initialise() gives torch's default bounds to weights and biases", () => {
  const shapes = new Map([["a.weight", [64, 100]], ["a.bias", [64]], ["c.weight", [32, 16, 3, 3]]]);
  const made = initialise(shapes, { values: plainInit, seed: 1 });
  for (const [key, fanIn] of [["a.weight", 100], ["a.bias", 100], ["c.weight", 144]] as const) {
    const { data } = made.get(key)!;
    const bound = 1 / Math.sqrt(fanIn);
    assert.ok(data.every((value) => Math.abs(value) <= bound), key);
    assert.ok(Math.abs(deviation(data) / (bound / Math.sqrt(3)) - 1) < 0.15, key);
  }
});

Deno.test("a parameter's first values do not depend on the others, but on the seed", () => {
  const all = initialise(new Map([["x.weight", [4, 4]], ["y.weight", [4, 4]]]), { values: plainInit, seed: 3 });
  const alone = initialise(new Map([["y.weight", [4, 4]]]), { values: plainInit, seed: 3 });
  const other = initialise(new Map([["y.weight", [4, 4]]]), { values: plainInit, seed: 4 });
  assert.deepEqual(alone.get("y.weight"), all.get("y.weight"));
  assert.notDeepEqual(other.get("y.weight"), alone.get("y.weight"));
});

Deno.test("output layers of Stage C and Stage B start at zero, norms as the identity", () => {
  const ofPrior = initialise(new Map([["out.1.weight", [4, 8, 1, 1]], ["out.1.bias", [4]]]), {
    values: priorInit,
    seed: 0,
  });
  for (const { data } of ofPrior.values()) assert.ok(data.every((value) => value === 0));
  const ofDecoder = initialise(
    new Map([["clf.1.weight", [4, 8, 1, 1]], ["down_blocks.0.1.mapper.weight", [8, 4]], ["clip_mapper.weight", [
      100,
      100,
    ]]]),
    { values: decoderInit, seed: 0 },
  );
  assert.ok(ofDecoder.get("clf.1.weight")!.data.every((value) => value === 0));
  assert.ok(ofDecoder.get("down_blocks.0.1.mapper.weight")!.data.every((value) => value === 0));
  assert.ok(Math.abs(deviation(ofDecoder.get("clip_mapper.weight")!.data) - 0.02) < 0.001);
  const ofVqgan = initialise(
    new Map([["down_blocks.4.1.weight", [4]], ["down_blocks.4.1.running_var", [4]], ["down_blocks.4.1.running_mean", [
      4,
    ]]]),
    { values: vqganInit, seed: 0 },
  );
  assert.deepEqual([...ofVqgan.values()].map(({ data }) => data[0]), [1, 1, 0]);
});

Deno.test("T5's encoder starts with the deviations of its reference class", () => {
  const sizes = { d_model: 64, d_kv: 16, d_ff: 256, num_heads: 8 };
  const block = "encoder.block.0.layer";
  const expected: [string, [number, number], number][] = [
    ["shared.weight", [100, 64], 1],
    [`${block}.0.SelfAttention.q.weight`, [128, 64], (64 * 16) ** -0.5],
    [`${block}.0.SelfAttention.k.weight`, [128, 64], 64 ** -0.5],
    [`${block}.0.SelfAttention.v.weight`, [128, 64], 64 ** -0.5],
    [`${block}.0.SelfAttention.o.weight`, [64, 128], 128 ** -0.5],
    [`${block}.0.SelfAttention.relative_attention_bias.weight`, [320, 8], 64 ** -0.5],
    [`${block}.1.DenseReluDense.wi.weight`, [256, 64], 64 ** -0.5],
    [`${block}.1.DenseReluDense.wi_1.weight`, [256, 64], 64 ** -0.5],
    [`${block}.1.DenseReluDense.wo.weight`, [64, 256], 256 ** -0.5],
  ];
  const norms: [string, number[]][] = [[`${block}.1.layer_norm.weight`, [64]], ["encoder.final_layer_norm.weight", [
    64,
  ]]];
  const shapes = new Map<string, readonly number[]>([
    ...norms,
    ...expected.map(([key, shape]) => [key, shape] as const),
  ]);
  const made = initialise(shapes, { values: t5Init(sizes), seed: 5 });
  for (const [key, , wanted] of expected) {
    const found = deviation(made.get(key)!.data);
    assert.ok(Math.abs(found / wanted - 1) < 0.08, `${key}: ${found} and not ${wanted}`);
  }
  for (const [key] of norms) assert.ok(made.get(key)!.data.every((value) => value === 1), key);
});

Deno.test("a transformer that has not been trained predicts nothing, whatever it is given", async () => {
  const { config } = await openNetwork("../dit", ditPriorConfig);
  const { out: _, ...inputs } = readFixtureTensors("../dit/case.safetensors");
  const { x, r, c } = inputsLike(inputs, { batch: "batch" });
  const { result: out, parameters } = traceScopes(() => ditPrior(config, { x: x!, r: r!, c: c! }));
  const weights = initialise(parameters as ReadonlyMap<string, readonly number[]>, { values: ditInit, seed: 1 });
  const found = await runGraph({ out }, { inputs, weights: Object.fromEntries(weights) });
  assert.ok(found["out"]!.data.every((value) => value === 0));
});
