import assert from "node:assert/strict";
import { join } from "node:path";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { drawSquares, tinyTraining } from "./_tiny_training.ts";
import { train, type TrainingEvent, type TrainOptions } from "./trainer.ts";
import type { TrainingConfig } from "./config.ts";

async function run(config: TrainingConfig, options: TrainOptions): Promise<TrainingEvent[]> {
  return await Array.fromAsync(train(config, options));
}

/** SHA-256 of every weight file below a folder, by its path. */
async function weightsOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) {
      for (const [inner, hash] of Object.entries(await weightsOf(path))) found[join(name, inner)] = hash;
    } else if (name.endsWith(".safetensors")) {
      found[name] = new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
    }
  }
  return found;
}

Deno.test("train() takes all steps of three phases, and its model paints", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const events = await run(tinyTraining(join(folder, "data")), { folder: join(folder, "run") });
    const steps = events.filter(({ type }) => type === "progress").map((event) => {
      const { phase, step } = event as { phase: string; step: number };
      return `${phase} ${step}`;
    });
    assert.deepEqual(
      steps,
      ["stageA", "stageB", "stageC"].flatMap((phase) => [1, 2, 3, 4].map((i) => `${phase} ${i}`)),
    );
    const names = [...Deno.readDirSync(join(folder, "run", "samples"))].map(({ name }) => name).sort();
    assert.deepEqual(names, ["stageA-0000004.png", "stageB-0000004.png", "stageC-0000004.png"]);
    await using pipeline = await loadPipeline(join(folder, "run", "model"));
    const { images: [image] } = await pipeline.generate({ prompt: "red square", seed: 1 });
    assert.deepEqual([image!.width, image!.height, image!.channels], [64, 64, 3]);
    const kept = [...Deno.readDirSync(join(folder, "run", "checkpoints"))];
    assert.equal(kept.length, 2);
  }));

Deno.test("a run that is stopped anywhere and started again ends in the same weights, bit for bit", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const config = tinyTraining(join(folder, "data"), {
      set: ['stageA.discriminator={"channels":4,"layers":1,"start":1}', "stageB.batches=2"],
    });
    await run(config, { folder: join(folder, "whole") });
    for (const stop of [1, 3, 4, 6, 9, 11]) {
      const abort = new AbortController();
      let taken = 0;
      for await (const { type } of train(config, { folder: join(folder, "parts"), signal: abort.signal })) {
        if (type === "progress" && ++taken === Math.min(stop, 3)) abort.abort();
      }
    }
    await run(config, { folder: join(folder, "parts") });
    const [whole, parts] = [
      await weightsOf(join(folder, "whole", "model")),
      await weightsOf(join(folder, "parts", "model")),
    ];
    assert.equal(Object.keys(whole).length, 6);
    assert.deepEqual(parts, whole);
  }));

Deno.test("train() goes back to the last checkpoint where a killed run left more behind", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const config = tinyTraining(join(folder, "data"));
    const options = { folder: join(folder, "run") };
    for await (const event of train(config, options)) {
      // Leaving the loop is as sudden as a kill for all that is on the disk.
      if (event.type === "progress" && event.phase === "stageB" && event.step === 3) break;
    }
    await Deno.mkdir(join(folder, "run", "checkpoints", ".unfinished-1"));
    await Deno.writeTextFile(join(folder, "run", "log.jsonl"), '{"type":"st', { append: true });
    const events = await run(config, options);
    const start = events.find(({ type }) => type === "start") as { resumedFrom?: unknown };
    assert.deepEqual(start.resumedFrom, { phase: "stageB", step: 2 });
    const lines = (await Deno.readTextFile(join(folder, "run", "log.jsonl"))).trimEnd().split("\n");
    lines.forEach((line) => JSON.parse(line));
    assert.deepEqual(
      [...Deno.readDirSync(join(folder, "run", "checkpoints"))].filter(({ name }) => name.startsWith(".")),
      [],
    );
  }));

Deno.test("train() refuses another configuration, other samples, and a folder that is in use", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const options = { folder: join(folder, "run") };
    const config = tinyTraining(join(folder, "data"));
    const going = train(config, options);
    while ((await going.next()).value?.type !== "checkpoint");
    await assert.rejects(run(config, options), {
      name: "ConfigError",
      message: /another training is running in this folder/,
    });
    await going.return(undefined);
    const other = tinyTraining(join(folder, "data"), { set: ["stageA.batch=2", "logEvery=1"] });
    await assert.rejects(run(other, options), {
      name: "ConfigError",
      message: /started with another configuration \(stageA\.batch: 3 → 2\); change it back/,
    });
    await Deno.remove(join(folder, "data", "05.png"));
    await Deno.writeTextFile(
      join(folder, "data", "metadata.jsonl"),
      (await Deno.readTextFile(join(folder, "data", "metadata.jsonl"))).replace(/.*05\.png.*\n/, ""),
    );
    await assert.rejects(run(config, options), {
      name: "ConfigError",
      message: /not the samples that the run was started with/,
    });
  }));

Deno.test("a learning rate that explodes stops with a step and a name, and the checkpoint before it stays", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const config = tinyTraining(join(folder, "data"), {
      set: ['stageA.optimiser={"name":"sgd","learningRate":1e4}', "stageA.clip=1e30", "checkpoints.every=1"],
    });
    await assert.rejects(run(config, { folder: join(folder, "run") }), {
      name: "NumericError",
      message: /^Step \d+: /,
    });
    assert.ok([...Deno.readDirSync(join(folder, "run", "checkpoints"))].length >= 1);
  }));

Deno.test("a LoRA of Stage C is trained on another run's model, which stays as it is, and generate applies it", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const base = join(folder, "base");
    const whole = tinyTraining(join(folder, "data"));
    await run(whole, { folder: base });
    const { stageA: _a, stageB: _b, ...rest } = tinyTraining(join(folder, "data"), {
      set: [`start=${join(base, "model")}`, 'stageC.lora={"rank":2}', "stageC.optimiser.learningRate=0.05"],
    });
    await run(rest as TrainingConfig, { folder: join(folder, "run") });
    assert.deepEqual(await weightsOf(join(folder, "run", "model")), await weightsOf(join(base, "model")));
    const paint = async (loras: { file: string }[]) => {
      await using pipeline = await loadPipeline(join(base, "model"), { loras });
      const { handOver } = await pipeline.generate({ prompt: "red square", seed: 1, stopAfter: "prior" });
      return [...handOver!.tensor.data as Float32Array];
    };
    const file = join(folder, "run", "lora.safetensors");
    assert.notDeepEqual(await paint([{ file }]), await paint([]));
  }));
