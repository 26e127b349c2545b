/**
 * Networks on the files that checkpoints come in: mapped fp32, fp16 that is widened, and shards.
 */
import assert from "node:assert/strict";
import { clipText, clipTextConfig } from "../networks/clip_text.ts";
import { diffNeXtConfig, wuerstchenDiffNeXt } from "../networks/diffnext.ts";
import { priorConfig, wuerstchenPrior } from "../networks/prior.ts";
import { paellaVqConfig } from "../networks/paella_vq.ts";
import { fuseAttention } from "../onnx/mod.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { AutoencoderStage } from "../stages/autoencoder.ts";
import { DecoderStage } from "../stages/decoder.ts";
import { PriorStage } from "../stages/prior.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { compareCase, openCase, openNetwork } from "./network_case.ts";
import { assertClose, readFixture } from "./read_fixture.ts";
import { inputsLike, runGraph } from "./run_graph.ts";

const options = { threads: 1, runtime: nativeRuntime };

/** A checkpoint's tensors as float32 on the heap. */
async function widened({ tensors, read }: Checkpoint): Promise<Record<string, Tensor>> {
  const entries = [...tensors].map(async ([key, { shape }]) => {
    return [key, tensor("float32", shape, Float32Array.from((await read(key)).data as Float16Array))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Largest difference between two tensors. */
function distance(a: Tensor, b: Tensor): number {
  const [x, y] = [a.data as Float32Array, b.data as Float32Array];
  return x.reduce((worst, value, i) => Math.max(worst, Math.abs(value - y[i]!)), 0);
}

Deno.test("Stage C predicts the reference's noise at every timestep with one session", async () => {
  const fixture = readFixture("networks/prior_many_r");
  const { config, checkpoint } = await openNetwork("repo/wuerstchen-prior/prior", priorConfig);
  const stage = new PriorStage(config, checkpoint, options);
  const [latents, text] = [fixture.tensor("x"), fixture.tensor("c")];
  await stage.network.load({ height: 3, width: 4, tokens: 77 });
  for (let i = 0; i < 6; i++) {
    const t = fixture.tensor(`r.${i}`).data[0]!;
    const noise = await stage.predict(latents, { t, text });
    assertClose(noise, fixture.tensor(`out.${i}`), fixture.atol(`out.${i}`), `out.${i}`);
  }
  await stage.network.release();
});

Deno.test("Stage A decodes Stage B's latents, scale factor included", async () => {
  const fixture = readFixture("networks/vqgan_b2_5x9");
  const { config, checkpoint } = await openNetwork("repo/wuerstchen/vqgan", paellaVqConfig);
  const stage = new AutoencoderStage(config, checkpoint, options);
  await stage.network.load({ height: 5, width: 9 });
  const scaled = fixture.tensor("latents");
  const latents = { ...scaled, data: scaled.data.map((value) => value / config.scale_factor) };
  assertClose(await stage.decode(latents), fixture.tensor("decoded"), fixture.atol("decoded"), "decoded");
  await stage.network.release();
});

Deno.test("an fp16 prior computes in fp32 with its weights widened, to the last bit", async () => {
  const opened = await openCase("prior_b2_tall_6x3", priorConfig);
  const half = await openNetwork("repo/wuerstchen-prior/prior", priorConfig, { variant: "fp16" });
  const { x, r, c } = inputsLike(opened.inputs);
  const noise = wuerstchenPrior(half.config, { x: x!, r: r!, c: c! });
  const { inputs } = opened;
  const weights = await widened(half.checkpoint);
  const { noise: expected } = await runGraph({ noise }, { inputs, weights, rewrite: fuseAttention });

  const stage = new PriorStage(half.config, half.checkpoint, options);
  await stage.network.load({ height: 6, width: 3, tokens: 77 });
  const { noise: found } = await stage.network.run(inputs);
  await stage.network.release();
  assertClose(found!, expected!, 0, "noise");
  const off = distance(found!, opened.fixture.tensor("out"));
  assert.ok(off > 1e-5 && off < 0.05, `Expected what fp16 weights lose but found ${off}`);
});

Deno.test("an fp16 text encoder computes in fp32 with its weights widened, to the last bit", async () => {
  const opened = await openCase("text_encoder_prior", clipTextConfig);
  const half = await openNetwork("repo/wuerstchen-prior/text_encoder", clipTextConfig, { variant: "fp16" });
  const { input_ids, attention_mask } = inputsLike(opened.inputs);
  const { lastHiddenState: states } = clipText(half.config, { ids: input_ids!, mask: attention_mask! });
  const { inputs } = opened;
  const { states: expected } = await runGraph({ states }, { inputs, weights: await widened(half.checkpoint) });
  const { states: found } = await runGraph({ states }, { inputs, weights: half.checkpoint });
  assertClose(found!, expected!, 0, "states");
  const off = distance(found!, opened.fixture.tensor("last_hidden_state"));
  assert.ok(off > 1e-5 && off < 0.05, `Expected what fp16 weights lose but found ${off}`);
});

Deno.test("a sharded Stage B computes what its single file does", async () => {
  const fixture = readFixture("networks/decoder_b2_3x3_32x32");
  const { config, checkpoint } = await openNetwork("repo/wuerstchen-sharded/decoder", diffNeXtConfig);
  assert.equal(checkpoint.files.length, 5);
  const stage = new DecoderStage(config, checkpoint, options);
  await stage.network.load({ height: 32, width: 32, embedding: { height: 3, width: 3 }, tokens: 77 });
  const [x, r, effnet, clip] = ["x", "r", "effnet", "clip"].map((name) => fixture.tensor(name));
  const { noise } = await stage.network.run({ x: x!, r: r!, effnet: effnet!, clip: clip! });
  assertClose(noise!, fixture.tensor("out"), fixture.atol("out"), "noise");
  await stage.network.release();
});

Deno.test("a sharded text encoder computes what its single file does", async () => {
  const opened = await openCase("text_encoder_decoder", clipTextConfig);
  const sharded = await openNetwork("repo/wuerstchen-sharded/text_encoder", clipTextConfig);
  assert.equal(sharded.checkpoint.files.length, 4);
  const { input_ids, attention_mask } = inputsLike(opened.inputs);
  const { lastHiddenState } = clipText(sharded.config, { ids: input_ids!, mask: attention_mask! });
  await compareCase({ ...opened, ...sharded }, { last_hidden_state: lastHiddenState });
});

const halves = (x: Tensor) => [x.data.slice(0, x.data.length / 2), x.data.slice(x.data.length / 2)] as Float32Array[];

Deno.test("with guidance Stage C predicts what it predicts for the same latents twice", async () => {
  const { fixture, config, checkpoint } = await openCase("prior_b2_tall_6x3", priorConfig);
  const stage = new PriorStage(config, checkpoint, options);
  const [x, text] = [fixture.tensor("x"), fixture.tensor("c")];
  const [data] = halves(x);
  const latents = tensor("float32", [1, ...x.shape.slice(1)], data!);
  await stage.network.load({ height: 6, width: 3, tokens: 77, copies: 2 });
  const guided = await stage.predict(latents, { t: 0.4, text });
  await stage.network.load({ height: 6, width: 3, tokens: 77 });
  const twice = tensor("float32", x.shape, Float32Array.of(...data!, ...data!));
  assertClose(guided, await stage.predict(twice, { t: 0.4, text }), 2e-6, "noise");
  const [prompted, unprompted] = halves(guided);
  assert.ok(prompted!.some((value, i) => Math.abs(value - unprompted![i]!) > 1e-3), "the text makes a difference");
  await stage.network.release();
});

Deno.test("with guidance Stage B predicts what it predicts for the same latents twice", async () => {
  const { fixture, config, checkpoint } = await openCase("decoder_b2_3x3_32x32", diffNeXtConfig);
  const stage = new DecoderStage(config, checkpoint, options);
  const [x, embedding, text] = [fixture.tensor("x"), fixture.tensor("effnet"), fixture.tensor("clip")];
  const [data] = halves(x);
  const latents = tensor("float32", [1, ...x.shape.slice(1)], data!);
  const sizes = { height: 32, width: 32, embedding: { height: 3, width: 3 }, tokens: 77 };
  await stage.network.load({ ...sizes, copies: 2 });
  const guided = await stage.predict(latents, { t: 0.4, embedding, text });
  await stage.network.load(sizes);
  const twice = tensor("float32", x.shape, Float32Array.of(...data!, ...data!));
  assertClose(guided, await stage.predict(twice, { t: 0.4, embedding, text }), 2e-6, "noise");
  await stage.network.release();
});

Deno.test("what runs is the plain graph of Stage B up to rounding", async () => {
  const { fixture, inputs, config, checkpoint } = await openCase("decoder_b2_3x3_32x32", diffNeXtConfig);
  const { x, r, effnet, clip } = inputsLike(inputs);
  const plain = { noise: wuerstchenDiffNeXt(config, { x: x!, r: r!, effnet: effnet!, clip: clip! }) };
  const { noise: expected } = await runGraph(plain, { inputs, weights: checkpoint });
  const stage = new DecoderStage(config, checkpoint, options);
  await stage.network.load({ height: 32, width: 32, embedding: { height: 3, width: 3 }, tokens: 77 });
  const { noise: found } = await stage.network.run(inputs);
  await stage.network.release();
  const scale = Math.max(...(expected!.data as Float32Array).map(Math.abs));
  assertClose(found!, expected!, 2e-6 * scale, "noise");
  assertClose(found!, fixture.tensor("out"), fixture.atol("out"), "noise");
});
