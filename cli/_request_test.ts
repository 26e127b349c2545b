import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { encodePng } from "../images/png_encode.ts";
import { writeMetadata } from "../images/metadata.ts";
import { writeHandOver } from "../pipeline/hand_over.ts";
import type { HandOver, ResolvedOptions } from "../pipeline/types.ts";
import { tensor } from "../tensor/tensor.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import type { GenerateFlags } from "./_generate_flags.ts";
import { readRequest } from "./_request.ts";

const options: ResolvedOptions = {
  prompt: "a dog",
  negativePrompt: "blurry",
  width: 128,
  height: 64,
  seed: 11,
  imagesPerPrompt: 1,
  priorSteps: 2,
  priorGuidance: 3,
  priorTimesteps: [1, 0.5, 0],
  decoderSteps: 5,
  decoderGuidance: 0,
  rng: "stream",
};
const model = { name: "emoji", weights: { prior: "aa" } };

const base: GenerateFlags = { metadata: true, show: true };
const request = (words: string[], flags: Partial<GenerateFlags> = {}) => readRequest(words, { ...base, ...flags });

async function refuse(words: string[], flags: Partial<GenerateFlags>, message: RegExp): Promise<void> {
  await assert.rejects(request(words, flags), (error: Error) => {
    assert.ok(error instanceof ConfigError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function writePicture(path: string, own: Partial<ResolvedOptions> = {}): Promise<void> {
  const facts = {
    version: "0.1.0",
    runtime: "1.30.0",
    threads: 3,
    index: 0,
    options: { ...options, ...own },
    model,
  };
  const png = encodePng({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) });
  await Deno.writeFile(path, writeMetadata(png, "png", { parameters: "x", wuerstchen: JSON.stringify(facts) }));
}

Deno.test("a prompt alone is one run with a random seed of 32 bits", async () => {
  const seeds = new Set<number>();
  for (let i = 0; i < 3; i++) {
    const { runs, files, model, threads } = await request(["a red apple"]);
    assert.equal(runs.length, 1);
    assert.equal(runs[0]!.prompt, "a red apple");
    const { seed } = runs[0]!;
    assert.ok(typeof seed === "number" && Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32);
    assert.deepEqual(files, [{ prompt: "a red apple", seed, index: 0 }]);
    assert.equal(model, undefined);
    assert.equal(threads, undefined);
    seeds.add(seed);
  }
  assert.ok(seeds.size > 1, "seeds differ from run to run");
});

Deno.test("-b N makes the seeds s … s+N−1", async () => {
  const { runs } = await request(["x"], { seed: [7], batchCount: 3 });
  assert.deepEqual(runs.map(({ seed }) => seed), [7, 8, 9]);
  const random = (await request(["x"], { batchCount: 3 })).runs.map(({ seed }) => seed as number);
  assert.deepEqual(random, [random[0], random[0]! + 1, random[0]! + 2]);
  await refuse(["x"], { seed: [1, 2], batchCount: 2 }, /--batch-count or several seeds/);
  await refuse(["x"], { seed: [Number.MAX_SAFE_INTEGER], batchCount: 2 }, /at most 9007199254740991/);
});

Deno.test("prompts and seeds form the product, each a run of its own", () =>
  inFolder(async (folder) => {
    const promptFile = join(folder, "prompts.txt");
    await Deno.writeTextFile(promptFile, "a\nb\n");
    const { runs, files } = await request([], { promptFile, seed: [1, 2] });
    assert.deepEqual(runs.map(({ prompt, seed }) => [prompt, seed]), [["a", 1], ["a", 2], ["b", 1], ["b", 2]]);
    assert.deepEqual(files.map(({ index }) => index), [0, 1, 2, 3]);
    const drawn = (await request([], { promptFile })).runs.map(({ seed }) => seed);
    assert.notEqual(drawn[0], drawn[1]);
    await refuse(
      [],
      { promptFile, seed: Array.from({ length: 5001 }, (_, i) => i) },
      /at most 10000 pictures .* 10002/,
    );
  }));

Deno.test("--images-per-prompt makes several files of one run", async () => {
  const { runs, files } = await request(["a"], { seed: [5], imagesPerPrompt: 2 });
  assert.equal(runs.length, 1);
  assert.deepEqual(files, [{ prompt: "a", seed: 5, index: 0 }, { prompt: "a", seed: 5, index: 1 }]);
});

Deno.test("flags become options and --steps, --cfg-scale and --timesteps mean the prior", async () => {
  const plain = await request(["a"], {
    steps: 9,
    cfgScale: 2,
    decoderSteps: 3,
    width: 64,
    rng: "stream",
    decoderSeed: 4,
  });
  const { priorSteps, priorGuidance, decoderSteps, width, height, rng, decoderSeed } = plain.runs[0]!;
  assert.deepEqual({ priorSteps, priorGuidance, decoderSteps, width, height, rng, decoderSeed }, {
    priorSteps: 9,
    priorGuidance: 2,
    decoderSteps: 3,
    width: 64,
    height: undefined,
    rng: "stream",
    decoderSeed: 4,
  });
  const { runs } = await request(["a"], { timesteps: [1, 0] });
  assert.deepEqual(runs[0]!.priorTimesteps, [1, 0]);
});

Deno.test("flags that contradict each other are refused by name", async () => {
  await refuse(["a"], { steps: 1, priorSteps: 1 }, /--steps or --prior-steps but found both/);
  await refuse(["a"], { priorSteps: 1, timesteps: [1, 0] }, /--prior-steps or --timesteps/);
  await refuse(["a"], { decoderSteps: 1, decoderTimesteps: [1, 0] }, /--decoder-steps or --decoder-timesteps/);
  await refuse(["a"], { json: true, jsonl: true }, /--json or --jsonl/);
  await refuse(["a"], { output: "-", json: true }, /--output - or --json/);
  await refuse(["a"], { output: "-", jsonl: true }, /--output - or --jsonl/);
  await refuse(["a"], { from: "x", seed: [1] }, /--from or --seed/);
  await refuse(["a"], { saveTensors: "x.safetensors", seed: [1, 2] }, /one run for --save-tensors/);
  await refuse([], {}, /Expected a prompt, such as/);
});

Deno.test("-C takes settings, model and threads of a picture", () =>
  inFolder(async (folder) => {
    const configFrom = join(folder, "dog.png");
    await writePicture(configFrom);
    const { runs, model, threads, repeats } = await request([], { configFrom });
    const { priorSteps: _, ...expected } = options;
    assert.deepEqual(runs, [expected]);
    assert.equal(model, "emoji");
    assert.equal(threads, 3);
    assert.equal(repeats?.version, "0.1.0");
  }));

Deno.test("explicit flags win over the picture's settings", () =>
  inFolder(async (folder) => {
    const configFrom = join(folder, "dog.png");
    await writePicture(configFrom);
    const changed = await request(["a cat"], { configFrom, seed: [1, 2], priorSteps: 9, model: "other", threads: 1 });
    assert.deepEqual(changed.runs.map(({ prompt, seed }) => [prompt, seed]), [["a cat", 1], ["a cat", 2]]);
    assert.equal(changed.runs[0]!.priorSteps, 9);
    assert.equal(changed.runs[0]!.priorTimesteps, undefined);
    assert.equal(changed.runs[0]!.negativePrompt, "blurry");
    assert.equal(changed.model, "other");
    assert.equal(changed.threads, 1);
    const listed = await request([], { configFrom, decoderTimesteps: [1, 0.2, 0] });
    assert.equal(listed.runs[0]!.decoderSteps, undefined);
    assert.deepEqual(listed.runs[0]!.decoderTimesteps, [1, 0.2, 0]);
    const more = await request([], { configFrom, batchCount: 2 });
    assert.deepEqual(more.runs.map(({ seed }) => seed), [11, 12]);
  }));

Deno.test("prompts of single stages are repeated with the picture's prompt, and dropped with another one", () =>
  inFolder(async (folder) => {
    const configFrom = join(folder, "dog.png");
    await writePicture(configFrom, { ...options, priorPrompt: "a wolf" });
    assert.equal((await request([], { configFrom })).runs[0]!.priorPrompt, "a wolf");
    assert.equal((await request(["a cat"], { configFrom })).runs[0]!.priorPrompt, undefined);
    const own = await request(["a cat"], { configFrom, priorPrompt: "a lion", decoderPrompt: "fur" });
    assert.deepEqual([own.runs[0]!.priorPrompt, own.runs[0]!.decoderPrompt], ["a lion", "fur"]);
  }));

Deno.test("-C repeats a run of several prompts and seeds as one", () =>
  inFolder(async (folder) => {
    const configFrom = join(folder, "dog.png");
    await writePicture(configFrom, { prompt: ["a", "b"], seed: [1, 2, 3, 4], imagesPerPrompt: 2 });
    const { runs, files } = await request([], { configFrom });
    assert.equal(runs.length, 1);
    assert.deepEqual(files.map(({ prompt, seed }) => [prompt, seed]), [["a", 1], ["a", 2], ["b", 3], ["b", 4]]);
    await refuse(["c"], { configFrom }, /made from 2 prompts at once/);
    await refuse([], { configFrom, batchCount: 2 }, /one seed for --batch-count/);
  }));

Deno.test("-C of a picture without settings is an error of the file", () =>
  inFolder(async (folder) => {
    const configFrom = join(folder, "plain.png");
    await Deno.writeFile(configFrom, encodePng({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) }));
    await assert.rejects(request([], { configFrom }), CheckpointError);
    await assert.rejects(request([], { configFrom: join(folder, "none.png") }), CheckpointError);
  }));

Deno.test("numbers of a hostile picture take no memory", () =>
  inFolder(async (folder) => {
    const configFrom = join(folder, "dog.png");
    await writePicture(configFrom, { imagesPerPrompt: 2 ** 40 });
    await refuse([], { configFrom }, /at most 10000 pictures/);
    await writePicture(configFrom, { seed: [1, 2, 3] });
    await refuse([], { configFrom }, /a seed for each of the 1 pictures but found 3/);
  }));

Deno.test("--from continues with the prompt and the seed of the hand-over", () =>
  inFolder(async (folder) => {
    const from = join(folder, "state.safetensors");
    const handOver: HandOver = {
      kind: "image_embeddings",
      tensor: tensor("float32", [1, 16, 1, 1]),
      options,
      generators: ["state"],
      model,
    };
    await writeHandOver(from, handOver);
    const { runs, files, model: name } = await request([], { from, decoderSteps: 7 });
    assert.equal(name, "emoji");
    assert.equal((await request([], { from, model: "./other" })).model, "./other");
    assert.deepEqual(runs, [{
      from: handOver,
      prompt: "a dog",
      seed: undefined,
      decoderSteps: 7,
      decoderTimesteps: undefined,
    }]);
    assert.deepEqual(files, [{ prompt: "a dog", seed: 11, index: 0 }]);
    await refuse([], { from, stopAfter: "prior" }, /--stop-after to come after .* but found prior/);
    assert.equal((await request([], { from, stopAfter: "decoder" })).runs[0]!.stopAfter, "decoder");
    await writeHandOver(from, { ...handOver, kind: "latents" }, { force: true });
    await refuse([], { from, stopAfter: "decoder" }, /but found decoder/);
    await refuse([], { from, decoderLatents: "x" }, /holds the result of that stage/);
  }));

Deno.test("--prior-latents and --decoder-latents are read into the run", () =>
  inFolder(async (folder) => {
    const path = join(folder, "noise.safetensors");
    const noise = tensor("float32", [1, 4, 1, 1], Float32Array.of(1, 2, 3, 4));
    await writeSafetensors(path, { latents: noise });
    const { runs } = await request(["a"], { priorLatents: path, decoderLatents: path });
    assert.deepEqual(runs[0]!.priorLatents, noise);
    assert.deepEqual(runs[0]!.decoderLatents, noise);
    await assert.rejects(request(["a"], { priorLatents: join(folder, "none") }), CheckpointError);
  }));

Deno.test("--stop-after names one file a run", async () => {
  const { files } = await request(["a"], { seed: [1, 2], imagesPerPrompt: 2, stopAfter: "prior" });
  assert.deepEqual(files.map(({ seed }) => seed), [1, 2]);
});
