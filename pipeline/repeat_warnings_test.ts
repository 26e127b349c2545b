import assert from "node:assert/strict";
import { version } from "../version.ts";
import type { PictureMetadata } from "./metadata.ts";
import { continueWarnings, repeatWarnings } from "./repeat_warnings.ts";

const runtime = "1.30.0";
const model = { name: "emoji", weights: { prior: "aa", vqgan: "bb" } };
const picture: PictureMetadata = {
  version,
  runtime,
  threads: 2,
  index: 0,
  model,
  options: {
    prompt: "a dog",
    negativePrompt: "",
    width: 128,
    height: 128,
    seed: 1,
    imagesPerPrompt: 1,
    priorSteps: 1,
    priorGuidance: 0,
    decoderSteps: 1,
    decoderGuidance: 0,
    rng: "torch",
  },
};

Deno.test("the same weights, version and threads promise the same pixels", () => {
  assert.deepEqual(repeatWarnings(picture, { runtime, model: { ...model, name: "./emoji" }, threads: 2 }), []);
});

Deno.test("changed, new and missing weights are named", () => {
  const changed = { name: "emoji", weights: { prior: "cc", decoder: "dd" } };
  const warnings = repeatWarnings(picture, { runtime, model: changed, threads: 2 });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /\(prior, vqgan, decoder\)/);
});

Deno.test("another version, another number of threads and files from outside are warnings", () => {
  const warnings = repeatWarnings(
    { ...picture, version: "0.0.1", inputs: { priorLatents: "ee" } },
    { model, runtime, threads: 4 },
  );
  assert.equal(warnings.length, 3);
  assert.match(warnings[0]!, /version 0\.0\.1/);
  assert.match(warnings[1]!, /2 threads, now it is 4/);
  assert.match(warnings[2]!, /initial noise .* give it again with --prior-latents$/);
});

Deno.test("noise that is given again is no warning, other noise is, and a continued file has its own flag", () => {
  const noisy = { ...picture, inputs: { priorLatents: "ee", decoderLatents: "ff" } };
  const warn = (picture: PictureMetadata, inputs?: PictureMetadata["inputs"]) =>
    repeatWarnings(picture, { runtime, model, threads: 2, ...(inputs ? { inputs } : {}) });
  assert.deepEqual(warn(noisy, { decoderLatents: "ff", priorLatents: "ee" }), []);
  assert.deepEqual(warn(noisy, { priorLatents: "xx" }), [
    "the initial noise of --prior-latents is not that of the picture: it will look different",
    "the picture was painted from initial noise that it does not hold: give it again with --decoder-latents",
  ]);
  assert.deepEqual(warn(picture, { priorLatents: "ee" }), [
    "the picture was painted without --prior-latents: it will look different",
  ]);
  const continued = { ...picture, inputs: { from: "ee" } };
  assert.deepEqual(warn(continued, { from: "ee" }), []);
  const [warning, ...more] = warn(continued);
  assert.match(warning!, /paints it from the start, .* --from FILE in place of -C continues the file$/);
  assert.deepEqual(more, []);
});

Deno.test("weights that nobody has hashed are not compared", () => {
  const unhashed = { name: "emoji", weights: {} };
  assert.deepEqual(repeatWarnings(picture, { runtime, model: unhashed, threads: 2 }), []);
  assert.deepEqual(continueWarnings({ model: unhashed }, model), []);
  assert.match(
    repeatWarnings({ ...picture, model: unhashed }, { runtime, model, threads: 2 })[0]!,
    /does not say which weights/,
  );
});

Deno.test("a continued run misses the weights of its own stages alone", () => {
  assert.deepEqual(continueWarnings({ model }, { name: "x", weights: { prior: "zz", vqgan: "bb" } }), []);
  const [warning, ...more] = continueWarnings({ model }, { name: "x", weights: { prior: "aa", vqgan: "cc" } });
  assert.match(warning!, /other weights \(vqgan\)/);
  assert.deepEqual(more, []);
});

Deno.test("LoRAs that changed, are missing or new, or have another scale are named", () => {
  const lora = (name: string, hash: string, { scale = 1, networks = ["prior"] } = {}) => ({
    name,
    hash,
    scale,
    networks,
  });
  const painted = {
    ...picture,
    model: { ...model, loras: [lora("a", "1"), lora("b", "2"), lora("c", "3"), lora("d", "4")] },
  };
  assert.deepEqual(repeatWarnings(painted, { runtime, model: painted.model, threads: 2 }), []);
  const now = { ...model, loras: [lora("b", "2", { scale: 0.5 }), lora("d", "4"), lora("c", "33"), lora("e", "5")] };
  assert.deepEqual(repeatWarnings(painted, { runtime, model: now, threads: 2 }), [
    "the LoRAs are not those that painted the picture (a is missing, b at 0.5 and not 1, c has changed, e is new): " +
    "it will look different",
  ]);
  // Another path to the same file is the same LoRA.
  const moved = { ...model, loras: painted.model.loras.map((lora) => ({ ...lora, name: `./${lora.name}` })) };
  assert.deepEqual(repeatWarnings(painted, { runtime, model: moved, threads: 2 }), []);
  assert.deepEqual(continueWarnings({ model: painted.model }, model), []);
  const decoder = { ...model, loras: [lora("f", "6", { networks: ["prior", "decoder"] })] };
  assert.deepEqual(continueWarnings({ model: decoder }, model), [
    "the first half was made for other LoRAs (f is missing): the picture will look different",
  ]);
});

Deno.test("another runtime is a warning, another version of the usual one is not", () => {
  const now = { model, threads: 2 };
  assert.deepEqual(repeatWarnings(picture, { ...now, runtime: "1.31.0" }), []);
  const message = (then: string, next: string) =>
    repeatWarnings({ ...picture, runtime: then }, { ...now, runtime: next });
  assert.match(message("1.30.0", "wasm 1.30.0").join(), /painted by the runtime 1\.30\.0, this is wasm 1\.30\.0/);
  assert.match(message("wasm 1.30.0", "1.30.0").join(), /painted by the runtime wasm 1\.30\.0, this is 1\.30\.0/);
  assert.deepEqual(message("wasm 1.30.0", "wasm 1.30.0"), []);
});
