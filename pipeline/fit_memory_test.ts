import assert from "node:assert/strict";
import { ConfigError, ResourceError } from "../errors.ts";
import { quick, tinyModel } from "../tests/tiny_model.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { portableRegistry } from "../plugins/portable.ts";
import type { ChosenDevices } from "./devices.ts";
import type { LoadOptions } from "./load_options.ts";
import { openInPrecision } from "./open_in_precision.ts";
import { modelDefaults } from "./options.ts";
import { type ModelParts, networksOf } from "./parts.ts";
import { loadPipeline } from "./pipeline.ts";
import { planGeneration } from "./plan_generation.ts";
import { describePrecision } from "./precisions.ts";
import { publishedParts, publishedRules } from "./published_parts.ts";
import type { GenerateOptions, GenerateResult, MemoryPlan } from "./types.ts";

const request = { ...quick, prompt: "a fox", seed: 1 };

/** The numbers of the pictures of a run of the tiny model, before they become bytes. */
async function paint(options: Partial<GenerateOptions>, load: LoadOptions = {}) {
  await using pipeline = await loadPipeline(tinyModel, { threads: 1, hashWeights: false, ...load });
  let pixels: Tensor | undefined;
  const onTensor = (name: string, value: Tensor) => {
    if (name === "decoder.image") pixels = value;
  };
  const run = pipeline.generate({ ...request, ...options, onTensor });
  let memory: MemoryPlan | undefined;
  for await (const event of run) if (event.type === "plan") memory = event.memory;
  const result: GenerateResult = await run;
  return { data: pixels!.data as Float32Array, result, memory };
}

function assertNear(found: Float32Array, expected: Float32Array): void {
  assert.equal(found.length, expected.length);
  const farthest = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  assert.ok(farthest < 2e-5, String(farthest));
}

Deno.test("tiles change a picture by rounding alone, and are evaluated one by one", async () => {
  const whole = await paint({});
  const tiled = await paint({ tile: 100 });
  assertNear(tiled.data, whole.data);
  assert.equal(tiled.result.options.tile, 100);
  assert.equal(whole.result.options.tile, undefined);
  const evaluations = tiled.result.timings.stages.pixels!.evaluations;
  assert.ok(evaluations >= 4 && whole.result.timings.stages.pixels!.evaluations === 1, String(evaluations));
});

Deno.test("a batch that is run in parts gives the pictures of the whole batch, with guidance throughout or in some steps", async () => {
  for (const priorGuidanceSchedule of [undefined, { kind: "interval", from: 1, to: 0.5 }] as const) {
    const options = { imagesPerPrompt: 3, priorGuidanceSchedule, decoderGuidance: 2 };
    const whole = await paint(options);
    const inParts = await paint({ ...options, batchSize: 2 });
    assertNear(inParts.data, whole.data);
    assert.equal(inParts.result.timings.stages.prior!.evaluations, whole.result.timings.stages.prior!.evaluations);
  }
});

Deno.test("a tile that keeps nothing is refused at once, naming the smallest", async () => {
  await using pipeline = await loadPipeline(tinyModel, { hashWeights: false });
  assert.throws(() => pipeline.generate({ ...request, tile: 8 }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /^Expected tile to be at least \d+, since \d+ px on each side are halo, but found 8$/);
    return true;
  });
});

Deno.test("maxMemory takes tiles and parts of batches where the whole does not fit, says so, and refuses what cannot", async () => {
  const large = { width: 512, height: 512, imagesPerPrompt: 2, priorSteps: 1, decoderSteps: 1 };
  await using plain = await loadPipeline(tinyModel, { hashWeights: false });
  const { memory: { peak } } = await planGeneration(plain, { ...request, ...large });
  const { result, memory } = await paint(large, {
    maxMemory: Math.floor(0.85 * peak),
    upcoming: [{ ...request, ...large }],
  });
  assert.ok(memory!.peak <= memory!.limit);
  assert.match(memory!.how, /^Stage A in tiles of \d+ px/);
  assert.ok(result.options.tile! < 512);

  await using narrow = await loadPipeline(tinyModel, { hashWeights: false, maxMemory: 1e8 });
  assert.throws(() => narrow.generate({ ...request, ...large }), (error) => {
    assert.ok(error instanceof ResourceError);
    assert.match(
      error.message,
      /^\w+: 512 × 512 px needs about [\d.]+ [MG]B of memory, and at the least [\d.]+ [MG]B \(.*\), but maxMemory is 100 MB: choose/,
    );
    return true;
  });
});

Deno.test("fewer bits are taken last, and what does not fit in any is refused while the model is opened", async () => {
  const upcoming = [{ prompt: "a fox", width: 512, height: 512, imagesPerPrompt: 2 }];
  const open = async (maxMemory: number) => {
    await using pipeline = await loadPipeline("emoji", { hashWeights: false, maxMemory, upcoming });
    const plan = await planGeneration(pipeline, upcoming[0]!);
    return { precision: pipeline.parts.prior.stage.network.precision, peak: plan.memory.peak };
  };
  const whole = await open(8e9);
  assert.equal(whole.precision, "fp32");
  // A little less is had from tiles; what all stages need is had from the weights alone.
  assert.equal((await open(Math.floor(0.98 * whole.peak))).precision, "fp32");
  const refused = await open(120e6).catch((error) => error);
  assert.ok(refused instanceof ResourceError);
  const [, least] = /at the least (\d+) MB/.exec(refused.message)!;
  assert.notEqual((await open(1.01e6 * Number(least))).precision, "fp32");
  assert.match(refused.message, /weights in int[48]/);
});

Deno.test("on a card weights of 16 bits come before the refusal, and none of 8", async () => {
  const sizes = { rules: publishedRules, defaults: modelDefaults({}) };
  const devices = { prior: "cuda", prior_text_encoder: "cuda", decoder: "cuda", decoder_text_encoder: "cuda" } as const;
  const open = (maxMemory: number, devices: ChosenDevices["networks"]) =>
    openInPrecision(
      () => sizes,
      (precision) => Promise.resolve(publishedParts({ precision, devices })),
      { precision: undefined, preset: undefined, maxMemory, upcoming: [{ prompt: "" }], registry: portableRegistry() },
    );
  const describe = (parts: ModelParts) => describePrecision(networksOf(parts));
  assert.equal(describe(await open(3.5e9, { ...devices, vqgan: "cuda" })), "fp16");
  assert.deepEqual(describe(await open(3.5e9, devices)), {
    prior: "fp16",
    prior_text_encoder: "fp16",
    decoder: "fp16",
    decoder_text_encoder: "fp16",
    vqgan: "int8",
  });
  await assert.rejects(
    () => open(1e9, { ...devices, vqgan: "cuda" }),
    /^ResourceError: prior: 1024 × 1024 px needs about 4\.\d GB of memory, and at the least \d\.\d GB \(weights in fp16/,
  );
});

Deno.test("a limit that is no size, or is to be ignored, is refused", async () => {
  await assert.rejects(
    () => loadPipeline(tinyModel, { maxMemory: "lots" }),
    /^ConfigError: Expected maxMemory to be a size/,
  );
  await assert.rejects(() => loadPipeline(tinyModel, { maxMemory: "1GB", ignoreMemory: true }), ConfigError);
});
