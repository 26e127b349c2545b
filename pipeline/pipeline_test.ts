import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError, ConfigError, NumericError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { copyTinyModel, quick, tinyModel } from "../tests/tiny_model.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { readHandOver, writeHandOver } from "./hand_over.ts";
import { readPictureMetadata } from "./metadata.ts";
import type { LoadOptions } from "./load_options.ts";
import { loadPipeline } from "./pipeline.ts";
import type { GenerateEvent, GenerateOptions, GenerateResult, HandOver } from "./types.ts";

const open = (options = {}) => loadPipeline(tinyModel, { threads: 2, ...options });
const request = (options: Partial<GenerateOptions> = {}): GenerateOptions => ({
  prompt: "a fox",
  seed: 5,
  ...quick,
  ...options,
});
const bytesOf = (result: GenerateResult) => result.images.map(({ data }) => data);

Deno.test("await and iteration show one and the same run", async () => {
  await using pipeline = await open();
  const run = pipeline.generate(request());
  const events: GenerateEvent[] = [];
  for await (const event of run) events.push(event);
  const result = await run;
  const images = events.filter((event) => event.type === "image");
  assert.deepEqual(images.map(({ image }) => image), result.images);
  assert.deepEqual(
    events.filter((event) => event.type === "step").map(({ stage, step, total }) => `${stage} ${step}/${total}`),
    [
      "prior text 1/1",
      "prior 1/3",
      "prior 2/3",
      "prior 3/3",
      "decoder text 1/1",
      "decoder 1/2",
      "decoder 2/2",
      "pixels 1/1",
    ],
  );
  assert.equal(events[0]?.type, "plan");
  assert.equal(events.at(-1)?.type, "result");
  const again: string[] = [];
  for await (const event of run) again.push(event.type);
  assert.deepEqual(again, events.map(({ type }) => type));
});

Deno.test("leaving the loop cancels the run between steps", async () => {
  await using pipeline = await open();
  const run = pipeline.generate(request({ priorSteps: 500 }));
  const steps: number[] = [];
  for await (const event of run) {
    if (event.type !== "step" || event.stage !== "prior") continue;
    steps.push(event.step);
    if (event.step === 2) break;
  }
  assert.deepEqual(steps, [1, 2]);
  await assert.rejects(async () => await run, { name: "AbortError" });
});

Deno.test("an AbortSignal stops a run and the pipeline stays usable", async () => {
  await using pipeline = await open();
  const controller = new AbortController();
  const run = pipeline.generate(request({ priorSteps: 500, signal: controller.signal }));
  setTimeout(() => controller.abort(new Error("enough")), 300);
  await assert.rejects(async () => await run, { message: "enough" });
  assert.equal((await pipeline.generate(request())).images.length, 1);
});

Deno.test("nothing happens before the first await or iteration", async () => {
  await using pipeline = await open();
  let recorded = 0;
  const run = pipeline.generate(request({ onTensor: () => recorded++ }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(recorded, 0);
  await run;
  assert.ok(recorded > 0);
});

Deno.test("a second generation waits for the first", async () => {
  await using pipeline = await open();
  const order: string[] = [];
  const watch = async (name: string) => {
    for await (const event of pipeline.generate(request())) if (event.type === "step") order.push(name);
  };
  await Promise.all([watch("a"), watch("b")]);
  assert.equal(order.lastIndexOf("a") < order.indexOf("b"), true, order.join(""));
});

Deno.test("pictures of several generations equal those of runs alone, byte for byte", async () => {
  await using pipeline = await open();
  const requests = [5, 6, 7].map((seed) => request({ seed, prompt: `picture ${seed}` }));
  const together = await pipeline.generateAll(requests);
  for (const [i, one] of requests.entries()) {
    await using other = await open({ keepLoaded: true });
    assert.deepEqual(bytesOf(await other.generate(one)), bytesOf(together[i]!));
  }
});

Deno.test("stream noise of a picture is the same alone and in a batch", async () => {
  await using pipeline = await open();
  const noiseOf = async (options: Partial<GenerateOptions>) => {
    const noise = new Map<string, Tensor>();
    const onTensor = (name: string, value: Tensor) => void (name.startsWith("noise") && noise.set(name, value));
    await pipeline.generate(request({ rng: "stream", onTensor, ...options }));
    return noise;
  };
  const batch = await noiseOf({ seed: [11, 12, 13] });
  const alone = await noiseOf({ seed: 12 });
  assert.equal(batch.size, alone.size);
  for (const [name, value] of alone) {
    const size = value.data.length;
    assert.deepEqual(batch.get(name)!.data.slice(size, 2 * size), value.data, name);
  }
});

Deno.test("stream noise of one seed differs between the pictures of a batch and does not depend on its size", async () => {
  await using pipeline = await open();
  const first = async (imagesPerPrompt: number) => {
    let found: Tensor | undefined;
    const onTensor = (name: string, value: Tensor) => void (name === "noise.prior.0" && (found = value));
    await pipeline.generate(request({ rng: "stream", seed: 9, imagesPerPrompt, onTensor, stopAfter: "prior" }));
    return found!.data as Float32Array;
  };
  const [two, three] = [await first(2), await first(3)];
  assert.deepEqual(three.subarray(0, two.length), two);
  assert.notDeepEqual(two.slice(0, two.length / 2), two.slice(two.length / 2));
});

Deno.test("small pictures of several prompts are decoded together, with the noise and the picture that each has alone", async () => {
  await using pipeline = await open();
  const paint = async (options: Partial<GenerateOptions>) => {
    const tensors = new Map<string, Tensor>();
    const steps: string[] = [];
    const onTensor = (name: string, value: Tensor) => void tensors.set(name, value);
    const run = pipeline.generate(request({ prompt: ["a fox", "rain", "snow"], onTensor, ...options }));
    for await (const event of run) {
      if (event.type === "step" && event.stage === "decoder") steps.push(`${event.step}/${event.total}`);
    }
    return { tensors, steps, images: (await run).images };
  };
  for (const seed of [5, [5, 6, 7]]) {
    const together = await paint({ seed });
    // Prompts that may have different numbers of tokens are decoded one by one.
    const apart = await paint({ seed, longPrompt: "chunk" });
    assert.deepEqual(together.steps, ["1/2", "2/2"]);
    assert.deepEqual(apart.steps, ["1/6", "2/6", "3/6", "4/6", "5/6", "6/6"]);
    const names = [...apart.tensors.keys()].filter((name) => name.includes("decoder"));
    assert.deepEqual([...together.tensors.keys()].filter((name) => name.includes("decoder")).sort(), names.sort());
    for (const name of names) {
      const [found, expected] = [together.tensors.get(name)!, apart.tensors.get(name)!];
      assert.deepEqual(found.shape, expected.shape, name);
      if (name.startsWith("noise")) assert.deepEqual(found.data, expected.data, name);
    }
    for (const [i, { data }] of together.images.entries()) {
      const off = data.map((value, at) => Math.abs(value - apart.images[i]!.data[at]!));
      assert(Math.max(...off) <= 1, `picture ${i}`);
    }
  }
});

Deno.test("imageIndex makes any picture of a batch alone: its noise is bit for bit that of the batch, in both stages", async () => {
  await using pipeline = await open();
  const make = async (options: Partial<GenerateOptions>) => {
    const noise = new Map<string, Tensor>();
    const onTensor = (name: string, value: Tensor) => void (name.startsWith("noise") && noise.set(name, value));
    const { images } = await pipeline.generate(request({ rng: "stream", seed: 9, onTensor, ...options }));
    return { noise, images };
  };
  const prompts = ["a fox", "a dog"];
  const batch = await make({ prompt: prompts, imagesPerPrompt: 3 });
  for (const imageIndex of [1, 5]) {
    const [group, place] = [Math.floor(imageIndex / 3), imageIndex % 3];
    const alone = await make({ prompt: prompts[group]!, imageIndex });
    const compare = (name: string, { of, at }: { of: string; at: number }) => {
      const { data } = alone.noise.get(name)!;
      assert.deepEqual(batch.noise.get(of)!.data.slice(at * data.length, (at + 1) * data.length), data, of);
    };
    for (let i = 0; i <= 3; i++) compare(`noise.prior.${i}`, { of: `noise.prior.${i}`, at: imageIndex });
    for (let i = 0; i <= 2; i++) compare(`noise.decoder.${i}`, { of: `noise.decoder${group}.${i}`, at: place });
    // The picture then agrees to rounding.
    const expected = batch.images[imageIndex]!.data;
    assert.ok(alone.images[0]!.data.every((byte, i) => Math.abs(byte - expected[i]!) <= 2));
    assert.equal(readPictureMetadata(await alone.images[0]!.png()).options.imageIndex, imageIndex);
  }
  const two = await make({ imagesPerPrompt: 2, imageIndex: 1 });
  const first = await make({ imageIndex: 2 });
  const { data } = first.noise.get("noise.prior.0")!;
  assert.deepEqual(two.noise.get("noise.prior.0")!.data.slice(data.length), data);
});

Deno.test("imageIndex needs the counter-based generator and a picture that a batch can have", async () => {
  await using pipeline = await open();
  const refuses = (options: Partial<GenerateOptions>, message: RegExp) =>
    assert.throws(
      () => pipeline.generate(request(options)),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  refuses({ imageIndex: 1 }, /^Expected rng to be "stream" with imageIndex 1 but found "torch"/);
  refuses({ imageIndex: 2 ** 32, rng: "stream" }, /imageIndex .* from 0 to 4294967295/);
  refuses({ imageIndex: -1, rng: "stream" }, /imageIndex/);
  await pipeline.generate(request({ imageIndex: 0, stopAfter: "prior" }));
});

for (const stopAfter of ["prior", "decoder"] as const) {
  for (
    const options of [{}, { seed: [1, 2] }, { decoderSeed: 77 }, { rng: "stream" as const, imageIndex: 3 }, {
      prompt: ["a", "b"],
    }]
  ) {
    Deno.test(`a run stopped after the ${stopAfter} and continued equals one run (${JSON.stringify(options)})`, async () => {
      await using pipeline = await open();
      const whole = await pipeline.generate(request(options));
      const { handOver, images } = await pipeline.generate(request({ ...options, stopAfter }));
      assert.equal(images.length, 0);
      await inTempFolder(async (folder) => {
        const file = join(folder, "state.safetensors");
        await writeHandOver(file, handOver!);
        await using other = await open();
        const from = await readHandOver(file);
        const continued = await other.generate({ prompt: from.options.prompt, from });
        assert.deepEqual(bytesOf(continued), bytesOf(whole));
      });
    });
  }
}

Deno.test("given initial noise is used and not drawn", async () => {
  await using pipeline = await open();
  const tensors = new Map<string, Tensor<"float32">>();
  await pipeline.generate(request({ onTensor: (name, value) => void tensors.set(name, value as Tensor<"float32">) }));
  const priorLatents = tensors.get("noise.prior.0")!;
  const drawn: string[] = [];
  let first: Tensor | undefined;
  await pipeline.generate(request({
    priorLatents,
    onTensor: (name, value) => {
      if (name.startsWith("noise.prior")) drawn.push(name);
      if (name === "noise.prior.1") first = value;
    },
  }));
  assert.ok(!drawn.includes("noise.prior.0"));
  const { images } = await pipeline.generate(request({ priorLatents }));
  const { inputs } = readPictureMetadata(await images[0]!.png());
  assert.match(inputs!["priorLatents"]!, /^[0-9a-f]{64}$/);
  // The generator's first numbers now serve the first step.
  assert.deepEqual(first!.data, priorLatents.data);
  assert.throws(() => pipeline.generate(request({ priorLatents, width: 256 })), ConfigError);
});

Deno.test("a picture that the latents do not fit exactly is cut out of the centre", async () => {
  await using pipeline = await open();
  const { images, plan } = await pipeline.generate(request({ width: 100, height: 120 }));
  const { images: [whole] } = await pipeline.generate(request());
  assert.deepEqual([plan.decoded, plan.crop], [{ height: 128, width: 128 }, { top: 4, left: 14 }]);
  const at = (x: number, y: number) => [...whole!.data.subarray((y * 128 + x) * 3, (y * 128 + x) * 3 + 3)];
  assert.deepEqual([...images[0]!.data.subarray(0, 3)], at(14, 4));
  assert.deepEqual([...images[0]!.data.subarray(-3)], at(113, 123));
});

Deno.test("a PNG says how it was made", async () => {
  await using pipeline = await open();
  const { images, options, model } = await pipeline.generate(
    request({ prompt: "ein Würstchen 🌭", negativePrompt: "a, b: c" }),
  );
  const metadata = readPictureMetadata(await images[0]!.png());
  assert.deepEqual(metadata.options, options);
  assert.deepEqual(metadata.model, model);
  assert.equal(metadata.threads, 2);
  assert.equal(Object.keys(model.weights).length, 5);
});

Deno.test("a picture is repeated from its metadata, and changed weights, threads and noise are warnings", async () => {
  await inTempFolder(async (folder) => {
    const { decoder } = await copyTinyModel(folder);
    await using pipeline = await loadPipeline(folder, { threads: 2 });
    const noise = new Float32Array(144).fill(0.5);
    const priorLatents = tensor("float32", [1, 16, 3, 3], noise);
    const made = await pipeline.generate(
      request({ negativePrompt: "a dog", priorTimesteps: [1, 0.5, 0], priorLatents }),
    );
    const repeats = readPictureMetadata(await made.images[0]!.png());
    const { prompt } = repeats.options;
    const again = await pipeline.generate({ prompt, repeats, priorLatents });
    assert.deepEqual([bytesOf(again), again.options, again.warnings], [bytesOf(made), made.options, []]);
    const spread = await pipeline.generate({ ...repeats.options, repeats });
    assert.deepEqual(spread.warnings, [
      "the picture was painted from initial noise that it does not hold: give it again with --prior-latents",
    ]);
    await halve(join(decoder, "vqgan", "diffusion_pytorch_model.safetensors"));
    await using other = await loadPipeline(folder, { threads: 1 });
    const run = other.generate({ prompt, repeats, priorLatents });
    const told: string[] = [];
    for await (const event of run) if (event.type === "warning") told.push(event.message);
    const { warnings } = await run;
    assert.deepEqual(told, warnings);
    assert.deepEqual(warnings, [
      "the weights are not those that painted the picture (vqgan): it will look different",
      "the picture was painted with 2 threads, now it is 1: pixels may differ",
    ]);
    const { handOver } = await pipeline.generate(request({ stopAfter: "prior" }));
    const continued = await other.generate({ prompt, from: handOver });
    assert.deepEqual(continued.warnings, [
      "the first half was made for other weights (vqgan): the picture will look different",
    ]);
  });
});

Deno.test("with hashWeights: false nothing but the networks reads the weights, and pictures do not say which they were", async () => {
  const open = Deno.open;
  let opened = 0;
  Deno.open = (...args) => {
    opened++;
    return open(...args);
  };
  try {
    await using pipeline = await loadPipeline(tinyModel, { threads: 2, hashWeights: false });
    const before = opened;
    const { images, model } = await pipeline.generate(request());
    assert.equal(opened, before);
    assert.deepEqual(model.weights, {});
    const metadata = readPictureMetadata(await images[0]!.png());
    assert.deepEqual(metadata.model.weights, {});
    assert.equal(Object.keys((await pipeline.identity()).weights).length, 5);
    await pipeline.checkWeights();
    assert.ok(opened > before);
  } finally {
    Deno.open = open;
  }
});

Deno.test("a finished picture is kept where its weights cannot be hashed any more, and the run fails", async () => {
  await inTempFolder(async (folder) => {
    const { prior } = await copyTinyModel(folder);
    await using pipeline = await loadPipeline(folder, { threads: 2 });
    const { handOver } = await pipeline.generate(request({ stopAfter: "decoder" }));
    await using other = await loadPipeline(folder, { threads: 2 });
    // This half is not needed any more.
    await Deno.utime(join(prior, "prior", "diffusion_pytorch_model.safetensors"), 1, 1);
    const run = other.generate({ prompt: "a fox", from: handOver });
    const images: Uint8Array[] = [];
    await assert.rejects(async () => {
      for await (const event of run) if (event.type === "image") images.push(await event.image.png());
    }, (error) => error instanceof CheckpointError && /has changed/.test(error.message));
    assert.deepEqual(images.map((png) => readPictureMetadata(png).model.weights), [{}]);
  });
});

Deno.test("a variant is taken where a network has it, plain weights where not, and the picture says so", async () => {
  await inTempFolder(async (folder) => {
    const { prior } = await copyTinyModel(folder);
    const weights = (variant: string) => join(prior, "prior", `diffusion_pytorch_model${variant}.safetensors`);
    const paint = async (variant?: string) => {
      await using pipeline = await loadPipeline(folder, { threads: 2, variant });
      const { images, model } = await pipeline.generate(request());
      const { model: stored } = readPictureMetadata(await images[0]!.png());
      assert.deepEqual(stored, model);
      return { pixels: images[0]!.data, model };
    };
    const [plain, half] = [await paint(), await paint("fp16")];
    assert.deepEqual([plain.model.variant, half.model.variant], [undefined, "fp16"]);
    const names = Object.keys(plain.model.weights);
    const changed = names.filter((name) => plain.model.weights[name] !== half.model.weights[name]);
    assert.deepEqual(changed, ["prior", "prior_text_encoder"]);
    assert.notDeepEqual(half.pixels, plain.pixels);
    // Without plain weights the variants are equals: one has to be named.
    await Deno.copyFile(weights(".fp16"), weights(".bf16"));
    await Deno.remove(weights(""));
    const fails = (variant: string | undefined, message: RegExp) =>
      assert.rejects(
        () => loadPipeline(folder, { variant }),
        (error) => error instanceof CheckpointError && message.test(error.message),
      );
    await fails(undefined, /prior: no .* but variants "bf16", "fp16"; choose one with --variant$/);
    await fails("fp8", /prior: no .* but variants "bf16", "fp16"; there is no variant "fp8"$/);
    assert.deepEqual((await paint("fp16")).pixels, half.pixels);
    await Deno.rename(weights(".bf16"), weights(""));
    await fails(
      "fp8",
      /^Expected weights of the variant "fp8" in one of .*vqgan.* but found none: leave --variant out/,
    );
  });
});

Deno.test("a preview of Stage B is a small picture", async () => {
  await using pipeline = await open();
  const sizes: number[][] = [];
  for await (const event of pipeline.generate(request({ width: 256 }))) {
    if (event.type === "step" && event.preview) {
      const { width, height, data } = await event.preview();
      sizes.push([width, height, data.length]);
    }
  }
  assert.deepEqual(sizes, [[128, 64, 128 * 64 * 3], [128, 64, 128 * 64 * 3]]);
});

Deno.test("a prompt longer than the encoder is a warning with the lost words", async () => {
  await using pipeline = await open();
  const long = await pipeline.generate(request({ prompt: "fox ".repeat(400), stopAfter: "prior" }));
  assert.match(long.warnings[0]!, /^the prompt is longer .* \(\d+ characters more\)"$/);
  const { warnings } = await pipeline.generate(request({ prompt: `${"fox ".repeat(40)}owl` }));
  assert.match(warnings[0]!, /77 tokens; lost: ".*owl"/);
});

/** Halves all weights of a file. */
async function halve(file: string): Promise<void> {
  const weights = await openSafetensors(file);
  const tensors = new Map<string, Tensor>();
  for (const key of weights.tensors.keys()) {
    const whole = await weights.read(key);
    const { dtype, shape, data } = whole;
    tensors.set(key, dtype === "float32" ? tensor(dtype, shape, (data as Float32Array).map((x) => x / 2)) : whole);
  }
  await writeSafetensors(file, tensors, { force: true });
}

/** Puts NaN into one tensor of a file. */
async function damage(file: string, key: string): Promise<void> {
  const weights = await openSafetensors(file);
  const tensors = new Map<string, Tensor>();
  for (const key of weights.tensors.keys()) tensors.set(key, await weights.read(key));
  (tensors.get(key)!.data as Float32Array)[0] = NaN;
  await writeSafetensors(file, tensors, { force: true });
}

Deno.test("weights with NaN stop the run, naming stage, step, tensor and weight", async () => {
  await inTempFolder(async (folder) => {
    const { decoder } = await copyTinyModel(folder);
    await damage(join(decoder, "decoder", "diffusion_pytorch_model.safetensors"), "clf.1.bias");
    const fails = async (options: LoadOptions, message: RegExp) => {
      await using pipeline = await loadPipeline(folder, options);
      await assert.rejects(
        async () => await pipeline.generate(request()),
        (error) => error instanceof NumericError && message.test(error.message),
      );
    };
    const where =
      "^decoder: step 1: decoder\\.model_output\\.0 became NaN: the weights are damaged, or guidance is too high";
    await fails({}, new RegExp(`${where} .*; the weights hold NaN or infinity in decoder: clf\\.1\\.bias: `));
    await fails({ hashWeights: false }, new RegExp(`${where} for them$`));
    await using pipeline = await loadPipeline(folder);
    await assert.rejects(
      () => pipeline.checkWeights(),
      (error) => error instanceof CheckpointError && /NaN or infinity in decoder: clf\.1\.bias:/.test(error.message),
    );
    const { warnings } = await pipeline.generate(request({ stopAfter: "prior" }));
    assert.match(warnings[0]!, /NaN or infinity/);
  });
});

Deno.test("the first tensor that is not finite is named: text, noise, embedding, or picture", async () => {
  await inTempFolder(async (folder) => {
    const { prior, decoder } = await copyTinyModel(folder);
    await using whole = await loadPipeline(folder, { threads: 2 });
    const { handOver } = await whole.generate(request({ stopAfter: "prior" }));
    const fails = async (options: Partial<GenerateOptions>, message: RegExp) => {
      await using pipeline = await loadPipeline(folder, { threads: 2, hashWeights: false });
      await assert.rejects(
        async () => await pipeline.generate({ ...request(options), ...(options.from ? { seed: undefined } : {}) }),
        (error) => error instanceof NumericError && message.test(error.message),
      );
    };
    const noise = tensor("float32", [1, 16, 3, 3], new Float32Array(144).fill(Infinity));
    await fails(
      { priorLatents: noise },
      /^prior: step 1: noise\.prior\.0 holds Infinity: what was handed in is damaged$/,
    );
    const from: HandOver = {
      ...handOver!,
      tensor: { ...handOver!.tensor, data: handOver!.tensor.data.map(() => NaN) },
    };
    const settled = { priorSteps: undefined, priorGuidance: undefined };
    await fails({ from, ...settled }, /^decoder: image_embeddings holds NaN: what was handed in is damaged$/);
    await damage(join(decoder, "vqgan", "diffusion_pytorch_model.safetensors"), "out_block.0.bias");
    await fails({}, /^pixels: picture 1: decoder\.image became NaN/);
    await damage(join(decoder, "text_encoder", "model.safetensors"), "text_model.final_layer_norm.bias");
    await fails({ prompt: ["a", "b"] }, /^decoder: decoder0\.text became NaN/);
    await damage(join(prior, "text_encoder", "model.safetensors"), "text_model.final_layer_norm.bias");
    await fails({}, /^prior: prior\.text became NaN/);
  });
});

Deno.test("a configuration that contradicts the weights is an error naming the tensor", async () => {
  await inTempFolder(async (folder) => {
    const { prior } = await copyTinyModel(folder);
    const file = join(prior, "prior", "config.json");
    const config = JSON.parse(await Deno.readTextFile(file));
    for (
      const [change, message] of [
        [{ depth: 5 }, /missing tensors: "blocks\.12\.depthwise\.weight".* and \d+ more/],
        [{ depth: 3 }, /belong to no part of the network: "blocks\.\d+/],
        [{ c_in: 8 }, /config\.json asks for: "projection\.weight" is \[48, 16, 1, 1\] and not \[48, 8, 1, 1\]/],
        [{ c: "many" }, /config\.json: "c"/],
      ] as const
    ) {
      await Deno.writeTextFile(file, JSON.stringify({ ...config, ...change }));
      await assert.rejects(
        () => loadPipeline(folder),
        (error) => error instanceof CheckpointError && message.test(error.message),
      );
    }
  });
});
