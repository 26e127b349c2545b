import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { loadPipeline, type Pipeline } from "../pipeline/pipeline.ts";
import { copyCompressorModel } from "../tests/compressor_model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { tensor } from "../tensor/tensor.ts";
import { drawDiscs } from "./_test_drawings.ts";
import { parseEvaluationConfig } from "./config.ts";
import { Drawings } from "./drawings.ts";
import { evaluate, type EvaluateOptions } from "./evaluate.ts";
import { buildGallery, featureSetOf, featuresOf, pixelsOf } from "./features.ts";
import { openMetrics } from "./metrics.ts";

const sampling = { priorSteps: 1, priorGuidance: 1, decoderSteps: 1, decoderGuidance: 0 };
const colours = { dark: "#101010", red: "#e02020", light: "#f0f0f0" };

function configOf(path: string, { holdOut }: { holdOut?: { modulo: number } } = {}) {
  const data = { path, size: 64, backgrounds: { colours, heldOut: { modulo: 2 } } };
  return parseEvaluationConfig({ data, ...(holdOut && { stageA: { holdOut }, stageB: { holdOut } }) }, {
    file: "train.jsonc",
  });
}

async function withModel(test: (pipeline: Pipeline, path: string) => Promise<void>): Promise<void> {
  await inTempFolder(async (folder) => {
    await copyCompressorModel(join(folder, "model"));
    await drawDiscs(join(folder, "discs"));
    await using pipeline = await loadPipeline(join(folder, "model"), { threads: 1, keepLoaded: true });
    await test(pipeline, join(folder, "discs"));
  });
}

Deno.test("an evaluation of random weights gives finite numbers, the same each time, over as many pictures as asked for", async () => {
  await withModel(async (pipeline, path) => {
    const steps = new Map<string, number>();
    let planned: readonly { stage: string; total: number }[] = [];
    const options: EvaluateOptions = {
      config: configOf(path, { holdOut: { modulo: 3 } }),
      count: 3,
      seed: 5,
      sampling,
      onPlan: (stages) => planned = stages,
      onStep: ({ stage, step, total }) => {
        assert.ok(step > (steps.get(stage) ?? 0) && step <= total);
        steps.set(stage, step);
      },
    };
    const report = await evaluate(pipeline, options);
    assert.deepEqual(report.data, { path, drawings: 8, width: 64, height: 64 });
    for (const { id, unit, value, count, bar, passed } of report.measures) {
      assert.ok(Number.isFinite(value), `${id} is ${value}`);
      if (unit === "share") assert.ok(value! >= 0 && value! <= 1, id);
      assert.ok(count === 3 || id === "drawings.background" && count === 6, `${id} is over ${count}`);
      assert.equal(passed, bar === undefined ? undefined : value! >= bar);
    }
    // A disc does not reach the border, so the drawings have the colours that they were laid on.
    assert.equal(report.measures.find(({ id }) => id === "drawings.background")!.value, 1);
    assert.deepEqual(planned.map(({ stage, total }) => [stage, total]), [...steps]);
    const again = await evaluate(pipeline, { config: options.config, count: 3, seed: 5, sampling });
    assert.deepEqual(again.measures, report.measures);
  });
});

Deno.test("what the data set has no pictures for is left out", async () => {
  await withModel(async (pipeline, path) => {
    const { data } = configOf(path);
    const { backgrounds: _, ...plain } = data;
    const config = { data: plain };
    const { measures } = await evaluate(pipeline, { config, count: 2, sampling, hasCaptions: false });
    const found = measures.filter(({ value }) => value !== undefined).map(({ id }) => id);
    assert.deepEqual(found, [
      "stageA.psnr",
      "stageB.psnr",
      "stageB.ssim",
      "stageB.top1",
      "text.top1",
      "text.top5",
      "text.distance",
    ]);
  });
});

Deno.test("a drawing is its own nearest neighbour, and pixelsOf() undoes what made it bytes", async () => {
  await withModel(async (pipeline, path) => {
    const { data } = configOf(path);
    const drawings = await Drawings.open(path, { data, size: { width: 64, height: 64 }, channels: 3 });
    const gallery = await buildGallery(pipeline, drawings, { colours: ["red", "light"] });
    const rows: Float32Array[] = [];
    for (let index = 0; index < drawings.length; index++) {
      const pixels = await drawings.load(index, ["light"]);
      const bytes = Uint8Array.from(
        { length: 64 * 64 * 3 },
        (_, i) => Math.round(255 * pixels.data[(i % 3) * 64 * 64 + Math.floor(i / 3)]!),
      );
      const restored = pixelsOf([{ width: 64, height: 64, channels: 3, data: bytes }]);
      assert.deepEqual(restored.shape, [1, 3, 64, 64]);
      assert.ok(restored.data.every((value, i) => Math.abs(value - pixels.data[i]!) <= 0.5 / 255 + 1e-6));
      const [features] = await featuresOf(pipeline, tensor("float32", [1, 3, 64, 64], restored.data));
      rows.push(features!);
    }
    const subjects = rows.map((_, index) => ({ index, colour: "light" }));
    const { top1 } = await openMetrics(pipeline.registry);
    const { values } = await top1.compare(featureSetOf(rows, { drawings, subjects }), gallery);
    assert.deepEqual(values, Array(8).fill(1));
    assert.deepEqual(gallery.features.shape, [16, rows[0]!.length]);
    assert.deepEqual(gallery.groups!.slice(0, 4), ["red", "light", "red", "light"]);
  });
});

Deno.test("a model without a compressor, a missing data set and one that is wholly held out are refused", async () => {
  await withModel(async (pipeline, path) => {
    await using bare = await loadPipeline(tinyModel);
    await assert.rejects(() => evaluate(bare, { config: configOf(path) }), /Expected a compressor/);
    await assert.rejects(
      () => evaluate(pipeline, { config: configOf(`${path}-none`) }),
      (error) => error instanceof CheckpointError && /discs-none: there is no such.*with --data$/.test(error.message),
    );
    const { data: { path: _, ...data } } = configOf(path);
    await assert.rejects(
      () => evaluate(pipeline, { config: { data } }),
      (error) => error instanceof ConfigError && /Expected data\.path/.test(error.message),
    );
  });
});
