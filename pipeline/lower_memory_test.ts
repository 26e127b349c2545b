import assert from "node:assert/strict";
import { ResourceError } from "../errors.ts";
import { psnr } from "../images/psnr.ts";
import { builtinRegistry } from "../plugins/builtin.ts";
import type { Runtime } from "../plugins/contracts/parts.ts";
import { defineRuntime } from "../plugins/define.ts";
import type { Registry } from "../plugins/registry.ts";
import { nativeRuntime } from "../runtime/session.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { quick, tinyModel } from "../tests/tiny_model.ts";
import { readPictureMetadata } from "./metadata.ts";
import { loadPipeline } from "./pipeline.ts";
import type { GenerateOptions, GenerateResult } from "./types.ts";

/** ONNX Runtime with little memory: runs whose results do not fit fail, as they do on a card. */
function small(fits: (result: Tensor) => boolean): Registry {
  const registry = builtinRegistry();
  const createSession: Runtime["createSession"] = async (model, options) => {
    const session = await nativeRuntime.createSession(model, options);
    return {
      inputs: session.inputs,
      async run(inputs) {
        const outputs = await session.run(inputs);
        if (!Object.values(outputs).every(fits)) throw new Error("CUDA failure 2: out of memory ; GPU=0");
        return outputs;
      },
      release: () => session.release(),
    };
  };
  const create = () => ({ version: () => Promise.resolve("9"), createSession });
  registry.add(defineRuntime({ name: "small", summary: "for tests", create }), { source: "test" });
  return registry;
}

/** At most so many pixels of three channels. */
const pixels = (room: number) => ({ data }: Tensor) => data.length <= 3 * room;

/** At most so many pictures, or latents with and without their prompts. */
const pictures = (most: number) => ({ shape }: Tensor) => shape.length < 4 || shape[0]! <= most;

async function paint(
  options: GenerateOptions,
  fits: (result: Tensor) => boolean = () => true,
): Promise<GenerateResult & { said: string[] }> {
  const registry = small(fits);
  await using pipeline = await loadPipeline(tinyModel, { threads: 1, registry, runtime: "small", hashWeights: false });
  const run = pipeline.generate(options);
  const said: string[] = [];
  for await (const event of run) if (event.type === "warning") said.push(event.message);
  return { ...await run, said };
}

const large = { ...quick, width: 512, height: 512, priorSteps: 1, decoderSteps: 1, prompt: "a fox", seed: 1 };

Deno.test("where memory runs out, Stage A decodes in tiles, says so, and the picture tells it", async () => {
  const [wanted, found] = [await paint(large), await paint(large, pixels(400 ** 2))];
  assert.ok(psnr(found.images[0]!.data, wanted.images[0]!.data, { peak: 255 }) > 60);
  assert.equal(found.options.tile, 256);
  const message = "pixels: memory ran out (CUDA failure 2: out of memory ; GPU=0): Stage A decodes in tiles of 256 px";
  assert.deepEqual([found.said, found.warnings], [[message], [message]]);
  assert.equal(readPictureMetadata(await found.images[0]!.png()).options.tile, 256);
});

Deno.test("where memory runs out, batches are halved until they fit, and the pictures stay as they are", async () => {
  const batch = { ...quick, prompt: "a fox", seed: 1, imagesPerPrompt: 4 };
  const [wanted, found] = [await paint(batch), await paint(batch, pictures(2))];
  for (const [i, { data }] of found.images.entries()) {
    assert.ok(psnr(data, wanted.images[i]!.data, { peak: 255 }) > 60, `picture ${i}`);
  }
  // Guidance has two rows a picture.
  const message = (count: number) =>
    `prior: memory ran out (CUDA failure 2: out of memory ; GPU=0): from here on it paints ${count} of 4 pictures at once`;
  assert.deepEqual(found.warnings, [message(2), message(1)]);
  assert.equal(readPictureMetadata(await found.images[0]!.png()).options.batchSize, 1);
});

Deno.test("where nothing is left to lower, or somebody has said how much at once, one line says what helps", async () => {
  await assert.rejects(paint({ ...large, tile: 512 }, pixels(400 ** 2)), (error) => {
    assert.ok(error instanceof ResourceError);
    assert.equal(
      error.message,
      "Not enough memory: CUDA failure 2: out of memory ; GPU=0; what helps: a smaller -W and -H, a smaller --tile, --precision int8",
    );
    return true;
  });
  await assert.rejects(paint({ ...quick, prompt: "a fox", imagesPerPrompt: 4, batchSize: 2 }, pictures(2)), (error) => {
    assert.ok(error instanceof ResourceError);
    assert.match(error.message, /what helps: a smaller -W and -H, fewer --images-per-prompt, --batch-size 1, /);
    return true;
  });
});

Deno.test("an error that is no lack of memory stays as it is", async () => {
  await using pipeline = await loadPipeline(tinyModel, { threads: 1, hashWeights: false });
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(async () => await pipeline.generate({ ...quick, prompt: "a fox", signal: stop.signal }), {
    name: "AbortError",
  });
});
