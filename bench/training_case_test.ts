import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyTraining } from "../train/_tiny_training.ts";
import { phaseNames } from "../train/config.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { Contender, ours } from "./contender.ts";
import type { TrainedStep } from "./measure_step.ts";
import { trainingCase } from "./training_case.ts";

Deno.test("a case has the same weights and inputs each time, of every phase", () => {
  const preview = 'preview={"steps":4,"batch":3,"optimiser":{"name":"adamw","learningRate":1e-3}}';
  const config = () => tinyTraining("nowhere", { set: [preview] });
  for (const name of phaseNames) {
    const [one, other] = [trainingCase(name, config()), trainingCase(name, config())];
    assert.deepEqual(one.inputs, other.inputs);
    assert.deepEqual(one.networks, other.networks);
    const numbers = Object.values(one.inputs).flatMap(({ data }) => [...data].map(Number));
    assert.ok(numbers.every(Number.isFinite) && new Set(numbers).size > 10);
  }
});

Deno.test("a process of its own takes steps that lower the loss, and writes what a peer reads", async () => {
  await inTempFolder(async (folder) => {
    const config = join(folder, "tiny.jsonc");
    await Deno.writeTextFile(config, JSON.stringify(tinyTraining("nowhere", { set: ["stageC.batch=2"] })));
    const request = { phase: "stageC", config, threads: 1, folder } as const;
    await using contender = await Contender.start<TrainedStep>(ours("measure_step.ts"), request);
    assert.ok(contender.loaded.load > 0 && contender.loaded.bytes > 0 && contender.loaded.flops! > 0);
    const steps = [await contender.step(), await contender.step(), await contender.step()];
    assert.ok(steps.every(({ seconds, norm }) => seconds > 0 && norm > 0));
    assert.ok(steps[2]!.loss < steps[0]!.loss);
    const { tensors } = await openSafetensors(join(folder, "inputs.safetensors"));
    assert.equal(tensors.get("noise")!.shape[0], 2);
    assert.ok((await openSafetensors(join(folder, "weights.safetensors"))).tensors.has("prior.projection.weight"));
    const { own, configs } = JSON.parse(await Deno.readTextFile(join(folder, "training.json")));
    assert.deepEqual([own.batch, configs.prior.c], [2, 8]);
  });
});
