/**
 * The pipeline against diffusers, tensor by tensor: every case of `fixtures/wuerstchen/pipeline`, and the pictures beside the
 * bundled model.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type GenerateOptions, loadPipeline } from "../mod.ts";
import { decodeImage } from "../images/codec.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { assertClose, readFixture } from "./read_fixture.ts";

const repository = fileURLToPath(new URL("./fixtures/wuerstchen/repo", import.meta.url));
const emoji = new URL("../models/emoji/", import.meta.url);

/** Final bytes may differ by 1 in at most 0.1 % of the channel values. */
function assertSamePicture(actual: ArrayLike<number>, expected: ArrayLike<number>, name: string): void {
  assert.equal(actual.length, expected.length, `${name}: bytes`);
  let different = 0;
  for (let i = 0; i < expected.length; i++) {
    const by = Math.abs(actual[i]! - expected[i]!);
    assert.ok(by <= 1, `${name}: byte ${i} is ${actual[i]} and not ${expected[i]}`);
    different += by;
  }
  assert.ok(different <= expected.length / 1000, `${name}: ${different} of ${expected.length} bytes differ`);
}

const cases = [
  "combined_cfg4_dec0",
  "custom_timesteps",
  "generator_list",
  "separate_cfg4_dec2",
  "two_images_per_prompt",
  "two_prompts",
  "wide_no_guidance",
];

/** The call of a case, in the words of the library. */
function optionsOf(args: Record<string, unknown>): GenerateOptions {
  const seed = args["prior_generator_seed"] as number | number[];
  const decoderSeed = args["decoder_generator_seed"];
  const times = args["prior_timesteps_argument"] as number[] | null;
  return {
    prompt: args["prompt"] as string | string[],
    negativePrompt: (args["negative_prompt"] ?? "") as string | string[],
    width: args["width"] as number,
    height: args["height"] as number,
    imagesPerPrompt: args["num_images_per_prompt"] as number,
    priorGuidance: args["prior_guidance_scale"] as number,
    decoderGuidance: args["decoder_guidance_scale"] as number,
    priorSteps: times ? undefined : args["prior_num_inference_steps"] as number,
    priorTimesteps: times ?? undefined,
    decoderSteps: args["decoder_num_inference_steps"] as number,
    seed,
    // The combined pipeline's second stage goes on with the first one's generator.
    decoderSeed: typeof decoderSeed === "string" ? undefined : decoderSeed as number | number[],
  };
}

for (const name of cases) {
  Deno.test(`every tensor of the pipeline case ${name} equals diffusers'`, async () => {
    const fixture = readFixture(`pipeline/${name}`);
    await using pipeline = await loadPipeline(repository, { threads: 2 });
    const found = new Map<string, Tensor>();
    const options = optionsOf(fixture.manifest.args);
    const { images } = await pipeline.generate({ ...options, onTensor: (key, value) => void found.set(key, value) });
    const wanted = fixture.manifest.tensors;
    assert.deepEqual([...found.keys()].sort(), wanted.map(({ name }) => name).sort());
    for (const { name: key, role, dtype, tolerance } of wanted) {
      const actual = found.get(key)!;
      const expected = fixture.tensor(key);
      assert.equal(actual.dtype, dtype, key);
      if (dtype === "uint8") assertSamePicture(actual.data as Uint8Array, expected.data, key);
      else assertClose(actual, expected, role === "noise" ? 2e-6 : tolerance!.recommended_atol, key);
    }
    assert.equal(images.length, [options.prompt].flat().length * options.imagesPerPrompt!);
  });
}

Deno.test("pictures of the bundled model equal diffusers' pictures", async () => {
  const list = JSON.parse(await Deno.readTextFile(new URL("pictures.json", emoji)));
  await using pipeline = await loadPipeline("emoji", { threads: 2 });
  const results = await pipeline.generateAll(list.map((entry: Record<string, unknown>) => ({
    prompt: entry["prompt"],
    negativePrompt: entry["negative_prompt"],
    seed: entry["seed"],
    priorSteps: entry["prior_steps"],
    priorGuidance: entry["prior_guidance"],
    decoderSteps: entry["decoder_steps"],
    decoderGuidance: entry["decoder_guidance"],
  } as GenerateOptions)));
  for (const [i, { images }] of results.entries()) {
    const file = list[i].file as string;
    const reference = await decodeImage(await Deno.readFile(new URL(file, emoji)));
    assert.deepEqual([reference.width, reference.height, reference.channels], [128, 128, 3]);
    assertSamePicture(images[0]!.data, reference.data, file);
  }
});
