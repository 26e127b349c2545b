import assert from "node:assert/strict";
import { join } from "node:path";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { drawSquares, tinyTraining } from "./_tiny_training.ts";
import { checkTraining } from "./check_training.ts";
import { parseTrainingConfig, type TrainingConfig } from "./config.ts";
import { train } from "./trainer.ts";

/** The tiny training with a preview decoder after it, or with that alone after an earlier run. */
function withPreview(data: string, changes: Record<string, unknown> = {}): TrainingConfig {
  const { model, stageC, ...config } = tinyTraining(data);
  const preview = {
    steps: 40,
    batch: 4,
    optimiser: { name: "adamw", learningRate: 1e-2 },
    schedule: { kind: "constant" },
    average: 0.9,
  };
  const all = { ...config, stageC, model: { ...model, preview: { c_hidden: 16 } }, preview, ...changes };
  return parseTrainingConfig(JSON.stringify(all), { file: "tiny.jsonc" });
}

Deno.test("a preview decoder is trained after the stages, alone too, and paints Stage C's steps", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const stages = tinyTraining(join(folder, "data"), { set: ["stageA.steps=1", "stageB.steps=1", "stageC.steps=1"] });
    await Array.fromAsync(train(stages, { folder: join(folder, "stages") }));
    const start = join(folder, "stages", "model");
    await assert.rejects(() => Deno.stat(join(start, "preview")), Deno.errors.NotFound);

    const alone = { start, stageA: undefined, stageB: undefined, stageC: undefined };
    const events = await Array.fromAsync(
      train(withPreview(join(folder, "data"), alone), { folder: join(folder, "run") }),
    );
    const losses = events.flatMap((event) => event.type === "progress" ? [event.loss] : []);
    assert.equal(losses.length, 40);
    assert(losses.at(-1)! < 0.5 * losses[0]!, `${losses[0]} to ${losses.at(-1)}`);
    const samples = events.flatMap((event) => event.type === "sample" ? [event] : []);
    assert.deepEqual(samples.map(({ phase, step }) => [phase, step]), [["preview", 40]]);
    assert(Number(samples[0]!["psnr"]) > 5, `${samples[0]!["psnr"]}`);

    await using pipeline = await loadPipeline(join(folder, "run", "model"), { threads: 1 });
    assert.deepEqual(pipeline.parts.preview!.config, { c_in: 4, c_hidden: 16, c_out: 3 });
    const seen: [string, number, number][] = [];
    for await (const event of pipeline.generate({ prompt: "red square 0", seed: 1, priorSteps: 2, decoderSteps: 1 })) {
      if (event.type !== "step" || !event.preview) continue;
      const { width, height } = await event.preview();
      seen.push([event.stage, width, height]);
    }
    assert.deepEqual(seen, [["prior", 16, 16], ["prior", 16, 16], ["decoder", 64, 64]]);
  }));

Deno.test("a preview decoder learns from a compressor, whose channels it has", () => {
  const without = withPreview("data", { stageA: undefined, stageB: undefined, stageC: undefined });
  assert.throws(() => checkTraining(without), /^ConfigError: preview: Expected stageB too, or a model to start from/);
  checkTraining(withPreview("data"));
  const wrong = withPreview("data", { model: { ...withPreview("data").model, preview: { c_in: 5 } } });
  assert.throws(() => checkTraining(wrong), /Expected model\.preview\.c_in to be 4/);
});
