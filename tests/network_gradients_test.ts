import assert from "node:assert/strict";
import { clipText, clipTextConfig } from "../networks/clip_text.ts";
import { ditPrior, ditPriorConfig } from "../networks/dit_prior.ts";
import { patchDiscriminator, patchDiscriminatorConfig } from "../networks/patch_discriminator.ts";
import { previewDecoder, previewDecoderConfig } from "../networks/preview_decoder.ts";
import { semanticCompressor, semanticCompressorConfig } from "../networks/semantic_compressor.ts";
import { smallCompressor, smallCompressorConfig } from "../networks/small_compressor.ts";
import { diffNeXtConfig, wuerstchenDiffNeXt } from "../networks/diffnext.ts";
import { paellaDecode, paellaEncode, paellaQuantize, paellaVqConfig } from "../networks/paella_vq.ts";
import { priorConfig, wuerstchenPrior } from "../networks/prior.ts";
import { t5Encoder } from "../networks/t5_encoder.ts";
import {
  add,
  constant,
  gradient,
  graph,
  mul,
  parametersOf,
  reduceMean,
  stopGradient,
  straightThrough,
} from "../onnx/mod.ts";
import { input, reshape, sub, type Value } from "../onnx/mod.ts";
import { uniform } from "./check_gradients.ts";
import { evaluate } from "./interpreter/interpreter.ts";
import { type NetworkCase, openCase, openNetwork } from "./network_case.ts";
import { readFixtureTensors } from "./read_fixture.ts";
import { inputsLike, runGraph } from "./run_graph.ts";
import { openT5Case, t5Cases } from "./t5_case.ts";

const tolerance = 1e-4;

/** cos(0), cos(1), cos(2) …, see the fixtures' README. */
function waves(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.cos(i));
}

function mean(x: Value): Value {
  return reshape(reduceMean(x, { axes: x.shape.map((_, axis) => axis) }), [1]);
}

function projected(x: Value): Value {
  const shape = x.shape as readonly number[];
  return mean(mul(x, constant("float32", shape, waves(shape.reduce((all, dim) => all * dim, 1)))));
}

function meanSquare(a: Value, b: Value): Value {
  const difference = sub(a, b);
  return mean(mul(difference, difference));
}

const norm = (g: ArrayLike<number>) => Math.hypot(...Array.from(g));

/**
 * Compares the loss and the gradients of all parameters and float inputs with a file of golden gradients, each to `tolerance`
 * of its norm; one that is zero by symmetry may be as far off as float32 rounds the largest.
 */
async function compareGradients(
  file: string,
  opened: Pick<NetworkCase<unknown>, "inputs" | "checkpoint">,
  build: (inputs: Record<string, Value>) => Value,
): Promise<void> {
  const golden = readFixtureTensors(`../gradients/${file}.safetensors`);
  const inputs = inputsLike(opened.inputs);
  const loss = build(inputs);
  const used = new Set(graph({ outputs: { loss } }).inputs.map(({ name }) => name));
  const variables = new Map(parametersOf(loss).map((value) => ["key" in value.source ? value.source.key : "", value]));
  for (const [name, value] of Object.entries(inputs)) {
    if (value.dtype === "float32" && used.has(name)) variables.set(`input ${name}`, value);
  }
  const keys = [...variables.keys()].filter((key) => `${key}:sums` in golden);
  const expected = Object.keys(golden).filter((key) => key.endsWith(":sums"));
  assert.deepEqual(keys.map((key) => `${key}:sums`).sort(), expected.sort());
  const gradients = gradient(loss, keys.map((key) => variables.get(key)!));
  const outputs = Object.fromEntries(keys.map((key, i) => [`d ${key}`, gradients[i]!]));
  const found = await runGraph({ loss, ...outputs }, { inputs: opened.inputs, weights: opened.checkpoint });

  const wanted = golden["loss"]!.data[0] as number;
  assert.ok(Math.abs(found["loss"]!.data[0] as number - wanted) <= tolerance * Math.abs(wanted), "loss");
  const largest = Math.max(...expected.map((key) => golden[key]!.data[0] as number));
  for (const key of keys) {
    const g = found[`d ${key}`]!.data as Float32Array;
    const [size = NaN, along = NaN] = golden[`${key}:sums`]!.data as Float32Array;
    const allowed = tolerance * size + 1e-7 * largest;
    assert.ok(Math.abs(norm(g) - size) <= allowed, `${key}: the norm is ${norm(g)} and not ${size}`);
    const pattern = waves(g.length);
    const sum = g.reduce((all, element, i) => all + element * pattern[i]!, 0);
    assert.ok(Math.abs(sum - along) <= allowed * norm(pattern), `${key}: the projection is ${sum} and not ${along}`);
    const whole = golden[`${key}:gradient`]?.data as Float32Array | undefined;
    const off = whole ? norm(g.map((element, i) => element - whole[i]!)) : 0;
    assert.ok(off <= allowed, `${key}: off by ${off} of ${size}`);
  }
}

Deno.test("gradients of the prior equal torch's", async () => {
  const opened = await openCase("prior_b2_square_4x4", priorConfig);
  await compareGradients("prior", opened, ({ x, r, c }) => {
    return projected(wuerstchenPrior(opened.config, { x: x!, r: r!, c: c! }));
  });
});

Deno.test("gradients of the transformer prior equal torch's", async () => {
  const { out: _, ...inputs } = readFixtureTensors("../dit/case.safetensors");
  const opened = { inputs, ...await openNetwork("../dit", ditPriorConfig) };
  await compareGradients("../dit/gradients", opened, ({ x, r, c }) => {
    return projected(ditPrior(opened.config, { x: x!, r: r!, c: c! }));
  });
});

Deno.test("gradients of Stage B equal torch's", async () => {
  const opened = await openCase("decoder_b2_3x3_32x32", diffNeXtConfig);
  await compareGradients("decoder", opened, ({ x, r, effnet, clip }) => {
    return projected(wuerstchenDiffNeXt(opened.config, { x: x!, r: r!, effnet: effnet!, clip: clip! }));
  });
});

Deno.test("gradients of Stage A, straight through its codebook, equal torch's", async () => {
  const opened = await openCase("vqgan_b2_5x9", paellaVqConfig);
  await compareGradients("vqgan", opened, ({ image }) => {
    const latents = paellaEncode(opened.config, image!);
    const { quantized } = paellaQuantize(opened.config, latents);
    const decoded = paellaDecode(opened.config, straightThrough(latents, quantized));
    const codebook = meanSquare(quantized, stopGradient(latents));
    const commitment = meanSquare(latents, stopGradient(quantized));
    return add(add(meanSquare(decoded, image!), codebook), mul(commitment, 0.25));
  });
});

Deno.test("gradients of the text encoder equal torch's", async () => {
  const opened = await openCase("text_encoder_prior", clipTextConfig);
  await compareGradients("text_encoder", opened, ({ input_ids, attention_mask }) => {
    const { lastHiddenState, pooled } = clipText(opened.config, { ids: input_ids!, mask: attention_mask! });
    return add(projected(lastHiddenState), projected(pooled));
  });
});

for (const name of t5Cases) {
  Deno.test(`gradients of a T5 encoder ${name.replace("_", ".")} equal torch's`, async () => {
    const opened = await openT5Case(name);
    await compareGradients(`../t5/${name}/gradients`, opened, ({ ids, mask }) => {
      return projected(t5Encoder(opened.config, { ids: ids!, mask: mask! }).lastHiddenState);
    });
  });
}

/** Compares Σ g · d with central differences along a fixed direction d of all parameters, in float64 by the interpreter. */
async function compareSlope(name: string, build: () => Value): Promise<void> {
  const loss = projected(build());
  const { parameters, inputs } = graph({ outputs: { loss } });
  const made = [...parameters.map(({ key, shape }) => [key, shape] as const)].map(([key, shape], i) => {
    // Variances and scales are positive, as trained ones are.
    const low = /running_var|norm.*weight/.test(key) ? 0.5 : -0.5;
    return [key, uniform(shape, { low, high: low + 1, seed: i })] as const;
  });
  const weights = Object.fromEntries(made);
  const given = inputs.map((
    { name, value },
  ) => [name, uniform(value.shape as readonly number[], { low: 0, seed: 900 })]);
  const gradients = gradient(loss, parametersOf(loss));
  const outputs = Object.fromEntries(parameters.map(({ key }, i) => [key, gradients[i]!]));
  const found = await runGraph(outputs, { inputs: Object.fromEntries(given), weights });

  const direction = made.map(([key, { shape }], i) => [key, uniform(shape, { seed: 500 + i }).data] as const);
  const at = (step: number) => {
    const moved = direction.map(([key, d]) => {
      const { shape, data } = weights[key]!;
      return [key, { shape, data: Float64Array.from(data, (element, i) => element + step * d[i]!) }];
    });
    return evaluate({ loss }, { ...Object.fromEntries(given), ...Object.fromEntries(moved) }).loss.data[0]!;
  };
  const slope = (at(1e-6) - at(-1e-6)) / 2e-6;
  const parts = direction.map(([key, d]) => (found[key]!.data as Float32Array).map((g, i) => g * d[i]!));
  const sum = parts.reduce((all, part) => all + part.reduce((a, b) => a + b, 0), 0);
  assert.ok(Math.abs(sum - slope) <= tolerance * Math.hypot(...parts.map(norm)), `${name}: ${sum} and not ${slope}`);
}

Deno.test("gradients of the compressors, the preview decoder and the discriminator have the loss's slope", async () => {
  const picture = (side: number) => input("pixels", "float32", [2, 3, side, side]);
  await compareSlope("small compressor", () => {
    const config = smallCompressorConfig.parse({ c_latent: 3, patch_size: 2, c_hidden: [4, 6], blocks: [1, 1] });
    return smallCompressor(config, picture(8));
  });
  await compareSlope("semantic compressor", () => {
    const stage = { expand_ratio: 2, stride: 2, channels: 6, layers: 2 };
    const stages = [{ ...stage, block: "fused" }, { ...stage, block: "mbconv" }];
    const config = semanticCompressorConfig.parse({
      c_latent: 3,
      backbone: { stem_channels: 4, stages, head_channels: 8 },
    });
    return semanticCompressor(config, picture(10));
  });
  await compareSlope("preview decoder", () => {
    const config = previewDecoderConfig.parse({ c_in: 3, c_hidden: 4, c_out: 3 });
    return previewDecoder(config, picture(4));
  });
  await compareSlope("discriminator", () => {
    return patchDiscriminator(patchDiscriminatorConfig.parse({ channels: 4, layers: 2 }), picture(16));
  });
});
