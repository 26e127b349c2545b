/** Schedulers, guidance schedules and priors in whole generations of the tiny model. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type GenerateOptions, loadPipeline, type Pipeline, readPictureMetadata, type Tensor } from "../mod.ts";
import { encodePng } from "../images/png_encode.ts";
import { builtinRegistry } from "../plugins/builtin.ts";
import { definePrior, defineScheduler } from "../plugins/define.ts";
import { copyCompressorModel } from "./compressor_model.ts";
import { inTempFolder } from "./in_temp_folder.ts";
import { assertClose } from "./read_fixture.ts";
import { quick, tinyModel } from "./tiny_model.ts";

const base: GenerateOptions = {
  ...quick,
  prompt: "a whale",
  seed: 7,
  width: 64,
  height: 64,
  priorSteps: 4,
  decoderSteps: 1,
};

/** Stage C's tensors of a run; it stops there. */
async function prior(pipeline: Pipeline, options: Partial<GenerateOptions> = {}): Promise<Map<string, Tensor>> {
  const found = new Map<string, Tensor>();
  const onTensor = (name: string, value: Tensor) => void found.set(name, value);
  await pipeline.generate({ ...base, stopAfter: "prior", ...options, onTensor });
  return found;
}

const embeddingOf = (tensors: Map<string, Tensor>) => tensors.get("image_embeddings") as Tensor<"float32">;
const open = (options: Parameters<typeof loadPipeline>[1] = {}) =>
  loadPipeline(tinyModel, { threads: 1, keepLoaded: true, hashWeights: false, ...options });

Deno.test("a run may choose any scheduler, its options and spacing; naming the usual one changes nothing", async () => {
  await using pipeline = await open();
  const plain = embeddingOf(await prior(pipeline)).data;
  assert.deepEqual(embeddingOf(await prior(pipeline, { priorScheduler: "ddpm-wuerstchen" })).data, plain);
  const seen = new Set([plain.join()]);
  for (
    const priorScheduler of ["ddim", { name: "ddim", options: { eta: 0.5 } }, "heun", "dpmpp-2m-sde", "stable-cascade"]
  ) {
    seen.add(embeddingOf(await prior(pipeline, { priorScheduler })).data.join());
  }
  seen.add(embeddingOf(await prior(pipeline, { priorSpacing: "log-snr" })).data.join());
  seen.add(embeddingOf(await prior(pipeline, { priorShift: 2 })).data.join());
  assert.equal(seen.size, 8);
});

Deno.test("what was chosen is kept in the picture, and repeating it gives the same pixels", async () => {
  await using pipeline = await open({ hashWeights: true });
  const options: GenerateOptions = {
    ...base,
    priorScheduler: { name: "dpmpp-2m-sde", options: { eta: 0.5 } },
    priorGuidanceSchedule: { kind: "interval", from: 0.8, to: 0.2 },
    priorGuidanceRescale: 0.7,
    priorNoiseSeed: 11,
    decoderScheduler: "euler",
    decoderShift: 2,
  };
  const { images } = await pipeline.generate(options);
  const repeats = readPictureMetadata(await images[0]!.png());
  assert.deepEqual(repeats.options.priorScheduler, { name: "dpmpp-2m-sde", options: { eta: 0.5 } });
  const again = await pipeline.generate({ prompt: "a whale", repeats });
  assert.deepEqual(again.images[0]!.data, images[0]!.data);
  assert.deepEqual(again.warnings, []);
});

Deno.test("steps without guidance evaluate the conditional half alone, and guided ones give what they gave", async () => {
  await using pipeline = await open();
  const rows: number[] = [];
  const { stage } = pipeline.parts.prior;
  const { predict } = stage;
  stage.predict = (x, at) => {
    rows.push(at.text.shape[0]!);
    return predict.call(stage, x, at);
  };
  const [guided, unguided] = [await prior(pipeline, { priorGuidance: 4 }), await prior(pipeline, { priorGuidance: 1 })];
  rows.length = 0;
  const first = await prior(pipeline, {
    priorGuidance: 4,
    priorGuidanceSchedule: { kind: "interval", from: 1, to: 0.8 },
  });
  const last = await prior(pipeline, {
    priorGuidance: 4,
    priorGuidanceSchedule: { kind: "interval", from: 0.5, to: 0 },
  });
  assert.deepEqual(rows, [2, 1, 1, 1, 1, 1, 2, 2]);
  // The first step sees the same latents in all runs.
  const output = (tensors: Map<string, Tensor>) => tensors.get("prior.model_output.0") as Tensor<"float32">;
  assertClose(output(first), output(guided), 1e-4, "guided");
  assertClose(output(last), output(unguided), 1e-4, "unguided");
  assert.notDeepEqual(output(first).data, output(last).data);
});

Deno.test("two halves of the steps make the whole, and the noise of steps has a seed of its own", async () => {
  await using pipeline = await open();
  const chosen = { priorScheduler: "euler" };
  const whole = await prior(pipeline, chosen);
  const first = await prior(pipeline, { ...chosen, priorStopStep: 2 });
  const priorLatents = first.get("prior.latents.1") as Tensor<"float32">;
  const second = await prior(pipeline, { ...chosen, priorStartStep: 2, priorLatents });
  assert.deepEqual(embeddingOf(second).data, embeddingOf(whole).data);
  const [a, b] = [await prior(pipeline, { priorNoiseSeed: 1 }), await prior(pipeline, { priorNoiseSeed: 2 })];
  assert.deepEqual(a.get("noise.prior.0")!.data, b.get("noise.prior.0")!.data);
  assert.notDeepEqual(a.get("noise.prior.1")!.data, b.get("noise.prior.1")!.data);
});

Deno.test("interpolate begins at the run's own prompt and seed and ends at the other ones", async () => {
  await using pipeline = await open();
  const interpolate = (at: number) => ({ name: "interpolate", options: { prompt: "a pear", seed: 9, at } });
  const [own, other] = [await prior(pipeline), await prior(pipeline, { prompt: "a pear", seed: 9, priorNoiseSeed: 3 })];
  const start = await prior(pipeline, { priorPlugin: interpolate(0) });
  assertClose(embeddingOf(start), embeddingOf(own), 1e-3 * Math.max(...embeddingOf(own).data.map(Math.abs)), "at 0");
  const end = await prior(pipeline, { priorPlugin: interpolate(1), priorNoiseSeed: 3 });
  assertClose(embeddingOf(end), embeddingOf(other), 1e-3 * Math.max(...embeddingOf(other).data.map(Math.abs)), "at 1");
});

Deno.test("from-image gives the compressor's embedding, or leads it towards the prompt", async () => {
  await inTempFolder(async (folder) => {
    await copyCompressorModel(folder);
    const picture = join(folder, "picture.png");
    const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7) % 256);
    await Deno.writeFile(picture, encodePng({ width: 64, height: 64, channels: 3, data }));
    await using pipeline = await loadPipeline(folder, { threads: 1, hashWeights: false });
    const planes = Float32Array.from(
      { length: data.length },
      (_, i) => data[(i % 4096) * 3 + Math.floor(i / 4096)]! / 255,
    );
    const wanted = await pipeline.embed({ dtype: "float32", shape: [1, 3, 64, 64], data: planes } as Tensor<"float32">);
    const still = await prior(pipeline, { priorPlugin: { name: "from-image", options: { picture } } });
    assertClose(embeddingOf(still), wanted, 1e-6, "strength 0");
    const steps: number[] = [];
    const options = { name: "from-image", options: { picture, strength: 0.5 } };
    for await (const event of pipeline.generate({ ...base, stopAfter: "prior", priorPlugin: options })) {
      if (event.type === "step" && event.stage === "prior") steps.push(event.step);
    }
    assert.deepEqual(steps, [1, 2]);
  });
});

Deno.test("a plugin that throws, gives the wrong shape or NaN at run, or throws when it is let go, is named", async () => {
  const registry = builtinRegistry();
  const add = (name: string, part: object) => {
    registry.add(defineScheduler({ name, summary: "broken", create: () => part as never }), { source: "test" });
  };
  add("throws", { step: () => (null as unknown as string).length });
  add("short", { step: () => new Float32Array(1) });
  add("nan", { step: ({ sample }: { sample: Float32Array }) => sample.map(() => NaN) });
  add("sticky", {
    step: ({ sample }: { sample: Float32Array }) => sample.slice(),
    dispose() {
      throw new Error("busy");
    },
  });
  const wide = { embed: () => Promise.resolve({ dtype: "float32", shape: [1], data: new Float32Array(1) }) };
  registry.add(definePrior({ name: "wide", summary: "broken", create: () => wide as never }), { source: "test" });
  await using pipeline = await open({ registry });
  const fails = async (options: Partial<GenerateOptions>, name: string, message: RegExp) => {
    await assert.rejects(prior(pipeline, options), { name, message });
  };
  await fails({ priorScheduler: "throws" }, "PluginError", /^scheduler throws: Cannot read properties of null/);
  await fails(
    { priorScheduler: "short" },
    "PluginError",
    /^scheduler short: Expected step\(\) to return a Float32Array of/,
  );
  await fails(
    { priorScheduler: "nan" },
    "NumericError",
    /^prior: step 1: prior\.latents\.0 became NaN in scheduler nan/,
  );
  await fails({ priorScheduler: "sticky" }, "PluginError", /^scheduler sticky: busy$/);
  await fails(
    { priorPlugin: "wide" },
    "PluginError",
    /^prior wide: Expected embed\(\) to give a float32 tensor \[1, 16, /,
  );
  await fails({ priorPlugin: "wuerstchen" }, "PluginError", /^prior wuerstchen: Expected one that makes embeddings/);
  // It is usable afterwards.
  assert(embeddingOf(await prior(pipeline)).data.every(Number.isFinite));
});

Deno.test("a plugin that is unknown, or options that are wrong, are an error at once", async () => {
  await using pipeline = await open();
  assert.throws(() => pipeline.generate({ ...base, priorScheduler: "eular" }), {
    name: "ConfigError",
    message: /did you mean "euler"/,
  });
  assert.throws(() => pipeline.generate({ ...base, decoderScheduler: { name: "ddim", options: { eta: -1 } } }), {
    name: "ConfigError",
    message: /^scheduler ddim: "eta": /,
  });
  assert.throws(() => pipeline.generate({ ...base, priorScheduler: 7 as never }), {
    name: "ConfigError",
    message: /^Expected priorScheduler to be/,
  });
});
