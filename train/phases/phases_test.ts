import assert from "node:assert/strict";
import { clipTextConfig } from "../../networks/clip_text.ts";
import { diffNeXtConfig } from "../../networks/diffnext.ts";
import { compressorInput } from "../../networks/compressor_input.ts";
import { paellaVqConfig } from "../../networks/paella_vq.ts";
import { priorConfig } from "../../networks/prior.ts";
import { smallCompressor, smallCompressorConfig } from "../../networks/small_compressor.ts";
import { t5Config } from "../../networks/t5_encoder.ts";
import { encodeModel, gradient, graph, input, parameter, traceScopes } from "../../onnx/mod.ts";
import { Session } from "../../runtime/session.ts";
import { TorchGenerator } from "../../tensor/random/torch_generator.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import {
  clipTextInit,
  decoderInit,
  initialise,
  type InitialValues,
  plainInit,
  priorInit,
  t5Init,
  vqganInit,
} from "../initialise.ts";
import type { Objective } from "./objective.ts";
import { stageAObjective } from "./stage_a.ts";
import { stageBObjective } from "./stage_b.ts";
import { stageCObjective } from "./stage_c.ts";

const generator = new TorchGenerator(0);
const normal = (...shape: number[]) => generator.normal(shape) as Tensor<"float32">;
const uniform = (...shape: number[]) => generator.uniform(shape) as Tensor<"float32">;
const filled = (values: readonly number[]) => tensor("float32", [values.length], Float32Array.from(values));

/** First values of each network of an objective, by the scope that it is under. */
const inits: Readonly<Record<string, InitialValues>> = {
  vqgan: vqganInit,
  prior: priorInit,
  decoder: decoderInit,
  compressor: plainInit,
  text_encoder: clipTextInit({ width: 16, layers: 1 }),
};

/** Takes steps against the sign of the gradient on one batch; returns the losses. */
async function descend(
  build: () => Objective,
  { inputs, steps = 25, rate = 2e-3, init = {} }: {
    inputs: Record<string, Tensor>;
    steps?: number;
    rate?: number;
    init?: Readonly<Record<string, InitialValues>>;
  },
): Promise<{ losses: number[]; untouched: string[] }> {
  const { result: { loss, buffers }, parameters } = traceScopes(build);
  const weights: Record<string, Tensor> = {};
  for (const [name, values] of Object.entries({ ...inits, ...init })) {
    const own = [...parameters].filter(([key]) => key.startsWith(`${name}.`));
    const shapes = new Map(own.map(([key, shape]) => [key.slice(name.length + 1), shape]));
    for (const [key, value] of initialise(shapes, { values, seed: 1 })) weights[`${name}.${key}`] = value;
  }
  const keys = [...parameters.keys()].filter((key) => !buffers.has(key));
  const gradients = gradient(loss, keys.map((key) => parameter(key, parameters.get(key)!)));
  const outputs = { loss, ...Object.fromEntries(keys.map((key, i) => [`d ${key}`, gradients[i]!])) };
  const updates = Object.fromEntries([...buffers].map(([key, value]) => [`next ${key}`, value]));
  const whole = graph({ outputs: { ...outputs, ...updates } });
  const session = await Session.create(encodeModel(whole, () => ({ kind: "input" })), { threads: 2 });
  const used = new Set(whole.parameters.map(({ key }) => key));
  const losses: number[] = [];
  const touched = new Set<string>();
  for (let step = 0; step < steps; step++) {
    const feeds = Object.fromEntries(Object.entries(weights).filter(([key]) => used.has(key)));
    const found = await session.run({ ...inputs, ...feeds });
    losses.push(found["loss"]!.data[0] as number);
    for (const key of keys) {
      const slope = found[`d ${key}`]!.data as Float32Array;
      if (slope.some((value) => value !== 0)) touched.add(key);
      const data = (weights[key]!.data as Float32Array).map((value, i) => value - rate * Math.sign(slope[i]!));
      weights[key] = tensor("float32", weights[key]!.shape, data);
    }
    for (const key of buffers.keys()) weights[key] = found[`next ${key}`]!;
  }
  await session.release();
  return { losses, untouched: keys.filter((key) => !touched.has(key)) };
}

const text = clipTextConfig.parse({
  vocab_size: 20,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 6,
});
const ids = tensor("int64", [2, 6], BigInt64Array.from([1, 5, 6, 2, 2, 2, 1, 7, 8, 9, 2, 2].map(BigInt)));
const mask = tensor("int64", [2, 6], new BigInt64Array(12).fill(1n));
const times = { t: filled([0.3, 0.7]), alpha_cumprod: filled([0.8, 0.2]), weight: filled([0.2, 0.8]) };

Deno.test("Stage A learns to reconstruct, and its running statistics move", async () => {
  const config = paellaVqConfig.parse({ embed_dim: 16, bottleneck_blocks: 1, num_vq_embeddings: 16 });
  const inputs = { pixels: uniform(2, 3, 16, 16), quantize: filled([1, 0]) };
  const { losses, untouched } = await descend(() => stageAObjective(config, { batch: 2, height: 16, width: 16 }), {
    inputs,
  });
  assert.ok(losses.at(-1)! < 0.8 * losses[0]!, `${losses[0]} → ${losses.at(-1)}`);
  assert.deepEqual(untouched, []);
});

Deno.test("Stage B learns to denoise together with the compressor and a text encoder", async () => {
  const config = diffNeXtConfig.parse({
    c_r: 8,
    c_cond: 8,
    c_hidden: [8, 12],
    nhead: [-1, 2],
    blocks: [1, 1],
    level_config: ["CT", "CTA"],
    inject_effnet: [false, true],
    effnet_embd: 4,
    clip_embd: 16,
  });
  const small = smallCompressorConfig.parse({ c_latent: 4, patch_size: 4, c_hidden: [8, 8], blocks: [1, 1] });
  const embed = () => {
    const pixels = input("pixels", "float32", [2, 3, 16, 16]);
    return smallCompressor(
      small,
      compressorInput(pixels, { size: [16, 16], mean: small.image_mean, std: small.image_std }),
    );
  };
  const inputs = {
    pixels: uniform(2, 3, 16, 16),
    latents: normal(2, 4, 8, 8),
    noise: normal(2, 4, 8, 8),
    ...times,
    embedding_keep: filled([1, 1]),
    embedding_alpha_cumprod: filled([1, 0.6]),
    embedding_noise: normal(2, 4, 2, 2),
    ids,
    mask,
  };
  const sizes = { batch: 2, height: 8, width: 8, tokens: 6 };
  const { losses, untouched } = await descend(() => stageBObjective(config, sizes, { embed, textEncoder: text }), {
    inputs,
  });
  assert.ok(losses.at(-1)! < 0.8 * losses[0]!, `${losses[0]} → ${losses.at(-1)}`);
  assert.deepEqual(untouched, []);
});

Deno.test("Stage C learns to denoise together with a text encoder", async () => {
  const config = priorConfig.parse({ c_in: 4, c: 16, c_cond: 16, c_r: 8, depth: 2, nhead: 2 });
  const inputs = { latents: normal(2, 4, 3, 3), noise: normal(2, 4, 3, 3), ...times, ids, mask };
  const sizes = { batch: 2, height: 3, width: 3, tokens: 6 };
  const { losses, untouched } = await descend(() => stageCObjective(config, sizes, { textEncoder: text }), { inputs });
  assert.ok(losses.at(-1)! < 0.8 * losses[0]!, `${losses[0]} → ${losses.at(-1)}`);
  assert.deepEqual(untouched, []);
});

Deno.test("Stage C learns to denoise together with a T5 encoder", async () => {
  const config = priorConfig.parse({ c_in: 4, c: 16, c_cond: 12, c_r: 8, depth: 2, nhead: 2 });
  const t5 = t5Config.parse({
    vocab_size: 20,
    d_model: 12,
    d_kv: 5,
    d_ff: 24,
    num_heads: 2,
    num_layers: 2,
    feed_forward_proj: "gated-gelu",
  });
  const inputs = { latents: normal(2, 4, 3, 3), noise: normal(2, 4, 3, 3), ...times, ids, mask };
  const sizes = { batch: 2, height: 3, width: 3, tokens: 6 };
  const { losses, untouched } = await descend(() => stageCObjective(config, sizes, { textEncoder: t5 }), {
    inputs,
    init: { text_encoder: t5Init(t5) },
  });
  assert.ok(losses.at(-1)! < 0.8 * losses[0]!, `${losses[0]} → ${losses.at(-1)}`);
  assert.deepEqual(untouched, []);
});
