import assert from "node:assert/strict";
import { join } from "node:path";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { drawSquares, tinyTraining } from "./_tiny_training.ts";
import { npyFile } from "./data/_test_files.ts";
import { parseLog } from "./report/log_line.ts";
import { train, type TrainingEvent, type TrainOptions } from "./trainer.ts";
import type { TrainingConfig } from "./config.ts";

async function run(config: TrainingConfig, options: TrainOptions): Promise<TrainingEvent[]> {
  return await Array.fromAsync(train(config, options));
}

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

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
    assert.deepEqual(namesIn(join(folder, "run", "samples")), [
      "stageA-0000004.png",
      "stageB-0000004.png",
      "stageC-0000004.png",
    ]);
    await using pipeline = await loadPipeline(join(folder, "run", "model"));
    const { images: [image] } = await pipeline.generate({ prompt: "red square", seed: 1 });
    assert.deepEqual([image!.width, image!.height, image!.channels], [64, 64, 3]);
    assert.deepEqual(namesIn(join(folder, "run", "checkpoints")), ["stageC-0000002", "stageC-0000004"]);
    const log = parseLog(await Deno.readTextFile(join(folder, "run", "log.jsonl")));
    assert.deepEqual([log.unread, log.lines.length], [0, events.length - steps.length]);
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

Deno.test("with aspect buckets a run trains on several sizes, and resumes bit for bit too", () =>
  inTempFolder(async (folder) => {
    const data = join(folder, "data");
    await drawSquares(data, { sizes: [[64, 64], [96, 48], [48, 96]] });
    const set = ["data.buckets={}", "stageB.batches=2", "checkpoints.every=100"];
    const config = tinyTraining(data, { set });
    await run(config, { folder: join(folder, "whole") });
    for (const stop of [3, 3, 3]) {
      const abort = new AbortController();
      let taken = 0;
      for await (const { type } of train(config, { folder: join(folder, "parts"), signal: abort.signal })) {
        if (type === "progress" && ++taken === stop) abort.abort();
      }
    }
    await run(config, { folder: join(folder, "parts") });
    const whole = await weightsOf(join(folder, "whole", "model"));
    assert.deepEqual(await weightsOf(join(folder, "parts", "model")), whole);
    const defaults = JSON.parse(await Deno.readTextFile(join(folder, "whole", "model", "prior", "wuerstchen.json")));
    assert.deepEqual([defaults.width, defaults.height, defaults.min_side], [64, 64, 32]);
  }));

Deno.test("pictures of any number of channels are trained on and painted, 16 bits of NumPy's among them", () =>
  inTempFolder(async (folder) => {
    const data = join(folder, "data");
    await Deno.mkdir(data);
    for (const [i, name] of ["low", "high", "middle"].entries()) {
      const samples = Uint16Array.from({ length: 64 * 64 * 5 }, (_, at) => 9000 * i + 7 * at % 9000);
      await Deno.writeFile(join(data, `${name}.npy`), npyFile("<u2", [64, 64, 5], new Uint8Array(samples.buffer)));
      await Deno.writeTextFile(join(data, `${name}.txt`), name);
    }
    const steps = ["stageA", "stageB", "stageC"].map((name) => `${name}.steps=1`);
    const config = tinyTraining(data, { set: ["data.channels=5", ...steps] });
    await run(config, { folder: join(folder, "run") });
    assert.equal(namesIn(join(folder, "run", "samples")).length, 3);
    await using pipeline = await loadPipeline(join(folder, "run", "model"));
    const { images: [image] } = await pipeline.generate({ prompt: "low", seed: 1 });
    assert.deepEqual([image!.channels as number, image!.data.length], [5, 64 * 64 * 5]);
    await assert.rejects(image!.png(), { name: "ConfigError", message: /5 channels fits into no PNG, JPEG or WebP/ });
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
      message: /not the samples that the run in .* was started with; bring those back/,
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
      message: /^stageA: Step \d+: .*; lower the learning rate .* the last checkpoint \(.*stageA-0000001\)$/,
    });
    assert.deepEqual(namesIn(join(folder, "run", "checkpoints")), ["stageA-0000001"]);
    const log = parseLog(await Deno.readTextFile(join(folder, "run", "log.jsonl")));
    assert.match((log.lines.at(-1) as { reason: string }).reason, /^stageA: Step \d+: /);
  }));

Deno.test("a run whose configuration has changed goes on where that is accepted and possible, one that had ended too", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const options = { folder: join(folder, "run") };
    const stageA = (...set: string[]) => {
      const { stageB: _, stageC: __, ...rest } = tinyTraining(join(folder, "data"), { set });
      return rest as TrainingConfig;
    };
    const abort = new AbortController();
    for await (const { type } of train(stageA(), { ...options, signal: abort.signal })) {
      if (type === "progress") abort.abort();
    }
    await assert.rejects(
      run(stageA('stageA.optimiser={"name":"lion","learningRate":1e-4}'), { ...options, acceptChanges: true }),
      {
        name: "ConfigError",
        message: /an optimiser of the tensors m, v but is to go on with m: change its optimiser/,
      },
    );
    const events = await run(stageA("stageA.optimiser.learningRate=1e-4", "stageA.batch=2"), {
      ...options,
      acceptChanges: true,
    });
    const steps = (events: readonly TrainingEvent[]) =>
      events.flatMap((event) => event.type === "progress" ? [event.step] : []);
    assert.deepEqual(steps(events), [2, 3, 4]);
    assert.equal(events.at(-1)!.type, "end");

    const more = ["stageA.optimiser.learningRate=1e-4", "stageA.batch=2", "stageA.steps=6"];
    const longer = await run(stageA(...more), { ...options, acceptChanges: true });
    assert.deepEqual(steps(longer), [5, 6]);
    assert.deepEqual(namesIn(join(folder, "run", "checkpoints")).at(-1), "stageA-0000006");
    assert.deepEqual(steps(await run(stageA(...more), options)), []);
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
    const file = join(folder, "run", "lora.safetensors");
    const paint = async (loras: { file: string }[]) => {
      await using pipeline = await loadPipeline(join(base, "model"), { loras });
      return (await pipeline.generate({ prompt: "red square", seed: 1 })).images[0]!.data;
    };
    assert.notDeepEqual(await paint([{ file }]), await paint([]));
  }));
