import assert from "node:assert/strict";
import { tinyTraining } from "./_tiny_training.ts";
import { checkTraining } from "./check_training.ts";
import { networkConfigs } from "./networks.ts";
import { batchSizes } from "./picture_sizes.ts";
import type { TrainingConfig } from "./config.ts";

const sizes = (config: TrainingConfig) => {
  const vocabulary = { size: 530, eosId: 529, maxLength: 8 };
  return batchSizes(config, networkConfigs(config, { prior: vocabulary, decoder: vocabulary }))
    .map(({ width, height }) => `${width}x${height}`);
};

function refused(...set: string[]): string {
  let message = "";
  assert.throws(() => checkTraining(tinyTraining("data", { set })), (error: Error) => {
    message = error.message;
    return error.name === "ConfigError";
  });
  return message;
}

Deno.test("a size whose latents a generation would plan otherwise is refused, with the nearest that fit", () => {
  checkTraining(tinyTraining("data"));
  checkTraining(tinyTraining("data", { set: ["data.size=96"] }));
  assert.match(
    refused("data.size=100"),
    /^data\.size: .*100 px are 4 and 25 cells .* in training and 4 and 32 in generation; the nearest are 96 and 128$/,
  );
  assert.match(refused('data.size={"width":64,"height":70}'), /^data\.size\.height: .*70 px/);
  assert.match(refused("data.size=4094"), /the nearest are 4064 and 4096$/);
});

Deno.test("a published size, which rounds its cells down, fits", () => {
  const published = ["model.resolutionMultiple=42.67", "model.latentDimScale=10.67"];
  for (const size of [128, 768, 1024, 1536]) {
    checkTraining(tinyTraining("data", { set: [...published, `data.size=${size}`] }));
  }
  assert.match(refused(...published, "data.size=64"), /the nearest is 128|the nearest are \d+ and \d+/);
});

Deno.test("numbers of a model that never fit together are refused as such", () => {
  assert.match(
    refused("model.latentDimScale=9"),
    /no side fits: model\.latentDimScale × the 4 px .* is 36 and has to be about model\.resolutionMultiple, 32$/,
  );
});

Deno.test("Stage A alone needs sides of whole cells, and so do its crops", () => {
  const { stageB: _, stageC: __, ...alone } = tinyTraining("data", { set: ["data.size=100"] });
  checkTraining(alone as TrainingConfig);
  assert.throws(() => checkTraining({ ...alone, data: { ...alone.data, size: 70 } } as TrainingConfig), {
    name: "ConfigError",
    message:
      "data.size: Expected a side that divides by the 4 px of Stage A's cells but found 70; the nearest are 68 and 72",
  });
  assert.match(refused("stageA.cropSize=30"), /^stageA\.cropSize: .* the nearest are 28 and 32$/);
});

Deno.test("buckets have sides that all fit, each size once", () => {
  assert.deepEqual(sizes(tinyTraining("data")), ["64x64"]);
  assert.deepEqual(sizes(tinyTraining("data", { set: ["data.buckets={}"] })), ["64x64", "32x64", "64x32"]);
  assert.deepEqual(sizes(tinyTraining("data", { set: ["data.size=128", 'data.buckets={"ratios":[1,2]}'] })), [
    "128x128",
    "160x64",
  ]);
  assert.match(
    refused("data.size=32", 'data.buckets={"ratios":[4]}'),
    /^data\.buckets: .*room for multiples of 32.*: choose a larger/,
  );
});
