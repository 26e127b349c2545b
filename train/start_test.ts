import assert from "node:assert/strict";
import { join } from "node:path";
import { tinyModel } from "../tests/tiny_model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { drawSquares, tinyTraining } from "./_tiny_training.ts";
import { withStartSizes } from "./start.ts";
import { train } from "./trainer.ts";

const start = JSON.stringify({ prior: join(tinyModel, "wuerstchen-prior"), decoder: join(tinyModel, "wuerstchen") });

Deno.test("withStartSizes() takes the sizes of the model that training starts from", async () => {
  const { model } = await withStartSizes({ ...tinyTraining("data", { set: [`start=${start}`] }) });
  assert.deepEqual([model.latentMean, model.latentStd], [42, 1]);
  assert.equal((model.prior as { c: number }).c, 8);
});

Deno.test("train() goes on from published weights of other tools", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const set = [
      `start=${start}`,
      ...["vqgan", "decoder", "prior", "decoderTextEncoder", "priorTextEncoder"].map((name) => `model.${name}={}`),
      "model.compressor={}",
      "model.resolutionMultiple=42.67",
      "model.latentDimScale=10.67",
      "data.size=128",
      'samples.prompts=["a"]',
    ];
    const config = tinyTraining(join(folder, "data"), { set });
    const { stageA: _, stageC: __, ...rest } = config;
    const events = await Array.fromAsync(
      train({ ...rest, stageC: config.stageC, stageB: undefined } as never, { folder: join(folder, "run") }),
    );
    assert.equal(events.at(-1)!.type, "end");
  }));
