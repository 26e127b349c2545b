import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError, ConfigError, PluginError } from "../errors.ts";
import { decodeImage } from "../images/codec.ts";
import { readImageHeader } from "../images/format.ts";
import { resize } from "../images/resize.ts";
import { builtinRegistry } from "../plugins/builtin.ts";
import type { Postprocessor } from "../plugins/contracts/postprocessor.ts";
import { definePostprocessor } from "../plugins/define.ts";
import { copyCompressorModel } from "../tests/compressor_model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { quick, tinyModel } from "../tests/tiny_model.ts";
import { readPictureMetadata } from "./metadata.ts";
import { loadPipeline, type Pipeline } from "./pipeline.ts";

const fast = { ...quick, width: 64, height: 64, priorSteps: 1, decoderSteps: 1, seed: 3 };

/** A registry with a post-processor `mine`. */
function registryWith(part: Partial<Postprocessor>) {
  const registry = builtinRegistry();
  const plugin = definePostprocessor({ name: "mine", summary: "for tests", create: () => part as Postprocessor });
  registry.add(plugin, { source: "test" });
  return registry;
}

async function withCompressor(test: (pipeline: Pipeline) => Promise<void>): Promise<void> {
  await inTempFolder(async (folder) => {
    await copyCompressorModel(folder);
    await using pipeline = await loadPipeline(folder, { threads: 1, keepLoaded: true });
    await test(pipeline);
  });
}

Deno.test("pictures go through post-processors in their order, say so, and are repeated by their metadata", async () => {
  await using pipeline = await loadPipeline(tinyModel, { threads: 1 });
  const { images: [plain] } = await pipeline.generate({ ...fast, prompt: "a fox" });
  const half = { name: "resize", options: { width: 32, filter: "nearest" } };
  const large = { name: "resize", options: { scale: 3, filter: "bicubic" } };
  const run = pipeline.generate({ ...fast, prompt: ["a fox", "a dog"], post: [half, large] });
  const steps: string[] = [];
  for await (const event of run) {
    if (event.type === "step" && event.stage === "post") steps.push(`${event.step}/${event.total}`);
    if (event.type === "image") steps.push(`image ${event.image.index}`);
  }
  assert.deepEqual(steps, ["1/4", "2/4", "image 0", "3/4", "4/4", "image 1"]);
  const { images, timings, options } = await run;
  assert.deepEqual(images.map(({ width, height }) => [width, height]), [[96, 96], [96, 96]]);
  assert.equal(timings.stages.post!.steps, 4);

  const alone = await pipeline.generate({ ...fast, prompt: "a fox", post: [half, large] });
  const expected = resize(resize(plain!, { width: 32, height: 32 }, { filter: "nearest" }), { width: 96, height: 96 });
  assert.deepEqual(alone.images[0]!.data, expected.data);
  const metadata = readPictureMetadata(await alone.images[0]!.png());
  assert.deepEqual(metadata.options.post, [half, large]);
  assert.deepEqual(options.post, metadata.options.post);
  const again = await pipeline.generate({ prompt: "a fox", repeats: metadata });
  assert.deepEqual(again.images[0]!.data, expected.data);
  const without = await pipeline.generate({ prompt: "a fox", repeats: metadata, post: [] });
  assert.deepEqual(without.images[0]!.data, plain!.data);
  assert.equal(without.options.post, undefined);
});

Deno.test("a picture is stored as its last post-processor wants, unless it is told otherwise", async () => {
  await using pipeline = await loadPipeline(tinyModel, { threads: 1 });
  const post = [{ name: "format", options: { type: "jpg", quality: 5 } }, { name: "format", options: { quality: 95 } }];
  const { images: [image] } = await pipeline.generate({ ...fast, prompt: "a fox", post });
  assert.deepEqual(image!.encoding, { format: "jpg", quality: 95 });
  const [fine, coarse] = [await image!.encode("jpg"), await image!.encode("jpg", { quality: 5 })];
  assert(coarse.length < fine.length);
  assert.equal(readImageHeader(fine).format, "jpg");
});

Deno.test("a post-processor that throws, or gives no whole picture, is named; what it holds is freed", async () => {
  const picture = { width: 1, height: 1, channels: 3, data: new Uint8Array(3) };
  const cases: [() => unknown, RegExp][] = [
    [() => Promise.reject(new TypeError("not today")), /^post-processor mine: not today$/],
    [() => undefined, /^post-processor mine: Expected process\(\) to give \{ width, height, channels, data \}/],
    [
      () => ({ ...picture, width: NaN }),
      /^post-processor mine: process\(\) gives no whole picture: Expected width to be an integer/,
    ],
    [() => ({ ...picture, channels: 2 }), /^post-processor mine: .*Expected channels to be 1, 3 or 4 but found 2$/],
    [() => ({ ...picture, height: 2 }), /^post-processor mine: .*Expected data of 6 bytes \(2x1x3\) but found 3$/],
    [() => ({ ...picture, data: new Float32Array(3) }), /^post-processor mine: .* with data in a Uint8Array$/],
  ];
  for (const [process, message] of cases) {
    let freed = 0;
    const registry = registryWith({ process: process as never, dispose: () => void freed++ });
    await using pipeline = await loadPipeline(tinyModel, { threads: 1, registry });
    await assert.rejects(
      async () => await pipeline.generate({ ...fast, prompt: "a fox", post: ["mine"] }),
      (error) => error instanceof PluginError && message.test(error.message),
    );
    assert.equal(freed, 1);
  }
});

Deno.test("an unknown post-processor and a wrong option are refused before anything runs", async () => {
  await using pipeline = await loadPipeline(tinyModel, { threads: 1 });
  const refuses = (post: unknown, message: RegExp) =>
    assert.throws(
      () => pipeline.generate({ ...fast, prompt: "a fox", post: post as never }),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  refuses(["resise"], /Expected a post-processor that is known .* did you mean "resize"\?/);
  refuses(
    [{ name: "sharpen", options: { amount: -1 } }],
    /^post-processor sharpen: "amount": Expected a number of at least 0/,
  );
  refuses("resize", /Expected post to be a list of plugins/);
});

Deno.test("refine takes the last steps again as its strength says, and each pass builds on the one before", async () => {
  await withCompressor(async (pipeline) => {
    const settings = { ...fast, decoderSteps: 4, prompt: "a fox" };
    const paint = async (options: Record<string, unknown> | undefined) => {
      const post = options === undefined ? [] : [{ name: "refine", options }];
      const { images: [image], timings } = await pipeline.generate({ ...settings, post });
      return { data: image!.data, timings };
    };
    const plain = await paint(undefined);
    const [little, all, twice] = [
      await paint({ strength: 0.25 }),
      await paint({ strength: 1 }),
      await paint({ strength: 0.25, passes: 2, priorStrength: 1 }),
    ];
    for (const { data } of [little, all]) assert.notDeepEqual(data, plain.data);
    assert.notDeepEqual(little.data, all.data);
    assert.notDeepEqual(twice.data, little.data);
    assert.deepEqual([little, all, twice].map(({ timings }) => timings.stages.decoder!.steps), [5, 8, 6]);
    assert.equal(twice.timings.stages.prior!.steps, 1 + 2);
    assert.deepEqual((await paint({ strength: 1 })).data, all.data);
  });
});

Deno.test("refine takes a picture of another size than the run's, and needs a compressor and a size that the model paints", async () => {
  await withCompressor(async (pipeline) => {
    const post = [{ name: "resize", options: { width: 96, height: 70 } }, "refine"];
    const { images: [image] } = await pipeline.generate({ ...fast, prompt: "a fox", post });
    assert.deepEqual([image!.width, image!.height], [96, 70]);
    const tooSmall = [{ name: "resize", options: { width: 10 } }, "refine"];
    await assert.rejects(
      async () => await pipeline.generate({ ...fast, prompt: "a fox", post: tooSmall }),
      ConfigError,
    );
  });
  await using bare = await loadPipeline(tinyModel, { threads: 1 });
  await assert.rejects(
    async () => await bare.generate({ ...fast, prompt: "a fox", post: ["refine"] }),
    (error) => error instanceof CheckpointError && /Expected a compressor/.test(error.message),
  );
});

Deno.test("upscale runs a model on the runtime of the run, from a file", async () => {
  await using pipeline = await loadPipeline(tinyModel, { threads: 1 });
  const model = join(import.meta.dirname!, "../tests/fixtures/upscale/tiny.onnx");
  const post = [{ name: "upscale", options: { model, tile: 32, overlap: 8 } }];
  const { images: [image] } = await pipeline.generate({ ...fast, prompt: "a fox", post });
  const { width, height } = await decodeImage(await image!.png());
  assert.deepEqual([width, height], [128, 128]);
});
