import assert from "node:assert/strict";
import { optionNames } from "../pipeline/option_types.ts";
import { cellSchema, type cellShape, otherGenerateOptions, otherLoadOptions } from "./cell_schema.ts";
import { makeCells } from "./cells.ts";
import { cellKeys, experimentSchema } from "./config_schema.ts";
import { splitSettings } from "./models.ts";

/** A value of each setting; a setting without one does not compile, and neither does an option of the library without a setting. */
const values: Readonly<Record<keyof typeof cellShape, unknown>> = {
  model: "./model",
  prior: "./prior",
  decoder: "./decoder",
  variant: "fp16",
  loras: [{ file: "a.safetensors", scale: 0.5 }],
  precision: { prior: "int8" },
  device: "cpu",
  compute: "fp16",
  runtime: "onnxruntime",
  preset: "draft",
  maxMemory: "2GiB",
  threads: 1,
  prompt: ["a fox", "a dog"],
  priorPrompt: "a wolf",
  decoderPrompt: "fur",
  negativePrompt: "snow",
  priorNegativePrompt: "rain",
  decoderNegativePrompt: "fog",
  longPrompt: "chunk",
  plainPrompt: true,
  width: 64,
  height: 64,
  imagesPerPrompt: 2,
  imageIndex: 3,
  priorSteps: 4,
  priorGuidance: 3,
  priorTimesteps: [1, 0.5, 0],
  priorScheduler: { name: "ddim", options: { eta: 1 } },
  priorSpacing: "karras",
  priorShift: 2,
  priorGuidanceSchedule: { kind: "interval", from: 0.8, to: 0.2 },
  priorGuidanceRescale: 0.5,
  priorStartStep: 1,
  priorStopStep: 2,
  priorNoiseSeed: 5,
  priorPlugin: "from-image",
  decoderSteps: 4,
  decoderGuidance: 3,
  decoderTimesteps: [1, 0],
  decoderScheduler: "euler",
  decoderSpacing: "log-snr",
  decoderShift: 2,
  decoderGuidanceSchedule: { kind: "ramp", to: 1 },
  decoderGuidanceRescale: 0.5,
  decoderStartStep: 1,
  decoderStopStep: 2,
  decoderNoiseSeed: 5,
  decoderSeed: 9,
  post: [{ name: "resize", options: { scale: 2 } }],
  rng: "stream",
  tile: 64,
  batchSize: 1,
  priorLatents: "noise.safetensors",
  decoderLatents: "noise.safetensors",
  from: "half.safetensors",
};

Deno.test("every option of painting is a setting of an experiment, unless it is said what stands in its place", () => {
  const elsewhere = Object.keys(otherGenerateOptions);
  assert.deepEqual(elsewhere.filter((key) => !(optionNames as readonly string[]).includes(key)), []);
  assert.deepEqual(optionNames.filter((key) => !cellKeys.includes(key) && !elsewhere.includes(key)), []);
  assert.deepEqual(elsewhere.filter((key) => cellKeys.includes(key)), []);
  assert.deepEqual(Object.keys(otherLoadOptions).filter((key) => cellKeys.includes(key)), []);
});

Deno.test("every setting can be written for one picture, and swept, and arrives where pictures are painted", () => {
  for (const [key, value] of Object.entries(values)) {
    const single = experimentSchema.parse({ prompt: "a fox", [key]: value });
    const swept = experimentSchema.parse({ prompt: "a fox", sweep: { grid: { [key]: [value] } } });
    for (const config of [single, swept]) {
      const [cell] = makeCells({ config, name: "x", seeds: [1], placeOf: () => "here" });
      const settings = cellSchema.parse(cell!.settings) as Record<string, unknown>;
      assert.deepEqual(settings[key], value, key);
      const { load, generate } = splitSettings(cell!.settings);
      const isFile = ["priorLatents", "decoderLatents", "from"].includes(key);
      assert.equal(key in load || key in generate, !isFile, key);
    }
  }
});
