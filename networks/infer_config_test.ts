import assert from "node:assert/strict";
import { input, traceScopes } from "../onnx/mod.ts";
import { wuerstchenV2 } from "../stages/published_configs.ts";
import { openNetwork } from "../tests/network_case.ts";
import { ditPriorConfig } from "./dit_prior.ts";
import { diffNeXtConfig, wuerstchenDiffNeXt } from "./diffnext.ts";
import { inferDiffNeXtConfig, inferPaellaVqConfig, inferPriorConfig, inferStageCConfig } from "./infer_config.ts";
import { paellaDecode, paellaEncode, paellaQuantize, paellaVqConfig } from "./paella_vq.ts";
import { priorConfig, wuerstchenPrior } from "./prior.ts";

const file = "x.safetensors";

Deno.test("the sizes of the published networks can be read back out of their shapes", () => {
  const { prior, decoder, vqgan } = wuerstchenV2;
  const x = (channels: number, side: number) => input("x", "float32", [1, channels, side, side]);
  const r = input("r", "float32", [1]);
  const text = (width: number) => input("c", "float32", [1, 1, width]);
  const shapesOf = (build: () => unknown) => traceScopes(build).parameters;
  const stageC = shapesOf(() => wuerstchenPrior(prior, { x: x(16, 1), r, c: text(prior.c_cond) }));
  assert.deepEqual(inferPriorConfig(stageC, { file }), prior);
  const stageB = shapesOf(() => {
    const effnet = input("effnet", "float32", [1, 16, 1, 1]);
    return wuerstchenDiffNeXt(decoder, { x: x(4, 16), r, effnet, clip: text(decoder.clip_embd) });
  });
  assert.deepEqual(inferDiffNeXtConfig(stageB, { file }), decoder);
  const stageA = shapesOf(() => {
    paellaDecode(vqgan, x(4, 1));
    paellaQuantize(vqgan, x(4, 1));
    paellaEncode(vqgan, input("pixels", "float32", [1, 3, 4, 4]));
  });
  assert.deepEqual(inferPaellaVqConfig(stageA, { file }), vqgan);
});

Deno.test("what shapes leave open comes from a model that is like it", async () => {
  const shapes = (tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>) =>
    new Map([...tensors].map(([key, { shape }]) => [key, shape]));
  const prior = await openNetwork("repo/wuerstchen-prior/prior", priorConfig);
  const decoder = await openNetwork("repo/wuerstchen/decoder", diffNeXtConfig);
  const vqgan = await openNetwork("repo/wuerstchen/vqgan", paellaVqConfig);
  const [c, b, a] = [prior, decoder, vqgan].map(({ checkpoint }) => shapes(checkpoint.tensors));
  assert.deepEqual(inferPriorConfig(c!, { file, like: prior.config }), prior.config);
  assert.deepEqual(inferDiffNeXtConfig(b!, { file, like: decoder.config }), decoder.config);
  assert.deepEqual(inferPaellaVqConfig(a!, { file, like: vqgan.config }), vqgan.config);
  assert.throws(
    () => inferPriorConfig(c!, { file }),
    /how many heads share 48 channels; give the config\.json, or the model, that it/,
  );
  assert.throws(() => inferPriorConfig(a!, { file }), /there is no tensor "projection\.weight"/);
});

Deno.test("sizes of a transformer prior are its configuration's, since weights do not say how many heads there are", async () => {
  const { config, checkpoint } = await openNetwork("../dit", ditPriorConfig);
  const shapes = new Map([...checkpoint.tensors].map(([key, { shape }]) => [key, shape]));
  assert.deepEqual(inferStageCConfig(shapes, { file, like: config }), config);
  assert.throws(
    () => inferStageCConfig(shapes, { file }),
    /number of heads is not in its weights; give its config\.json/,
  );
});
