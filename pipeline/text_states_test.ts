import assert from "node:assert/strict";
import { ConfigError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { quick, tinyModel } from "../tests/tiny_model.ts";
import { readPictureMetadata } from "./metadata.ts";
import { loadPipeline, type Pipeline } from "./pipeline.ts";
import type { GenerateOptions, GenerateResult } from "./types.ts";

const fast = { ...quick, width: 64, height: 64, priorSteps: 1, decoderSteps: 1, seed: 3 };
const long = Array.from({ length: 120 }, (_, i) => `word${i}`).join(" ");

const pipeline: Pipeline = await loadPipeline(tinyModel, { threads: 1 });

/** A generation with the text states of each stage. */
async function paint(options: GenerateOptions): Promise<GenerateResult & { texts: Record<string, Tensor> }> {
  const texts: Record<string, Tensor> = {};
  const onTensor = (name: string, value: Tensor) => {
    if (/\.text$/.test(name)) texts[name] = value;
  };
  return { ...await pipeline.generate({ ...fast, ...options, onTensor }), texts };
}

const tokens = pipeline.parts.prior.text.tokens;

Deno.test("weights of 1 change nothing, other weights move words away from an empty prompt", async () => {
  const [plain, one, zero, empty] = [
    await paint({ prompt: "a red fox" }),
    await paint({ prompt: "(a red fox:1)" }),
    await paint({ prompt: "(a red fox:0)" }),
    await paint({ prompt: "" }),
  ];
  assert.deepEqual(one.images[0]!.data, plain.images[0]!.data);
  const row = (result: typeof plain, token: number) => {
    const { data, shape: [, , width] } = result.texts["prior.text"]!;
    return data.slice(token * width!, (token + 1) * width!);
  };
  assert.deepEqual(row(zero, 1), row(empty, 1));
  assert.deepEqual(row(zero, 0), row(plain, 0));
  const double = await paint({ prompt: "a (red:2) fox" });
  const [changed, before, start] = [row(double, 2), row(plain, 2), row(empty, 2)] as Float32Array[];
  assert(changed!.every((value, i) => Math.abs(value - (2 * before![i]! - start![i]!)) < 1e-5));
  assert.notDeepEqual(double.images[0]!.data, plain.images[0]!.data);
  const { options } = readPictureMetadata(await double.images[0]!.png());
  assert.deepEqual([options.prompt, options.plainPrompt, options.longPrompt], ["a (red:2) fox", undefined, undefined]);
});

Deno.test("a long prompt is cut with a warning, or taken in chunks, which the negative prompt is filled up to", async () => {
  const cut = await paint({ prompt: long });
  assert.match(cut.warnings.join("\n"), /the prompt is longer than the prior text encoder's \d+ tokens; lost: "/);
  assert.deepEqual(cut.texts["prior.text"]!.shape.slice(0, 2), [2, tokens]);
  const chunked = await paint({ prompt: long, longPrompt: "chunk" });
  assert.deepEqual(chunked.warnings, []);
  const [rows, count] = chunked.texts["prior.text"]!.shape as [number, number];
  assert.equal(rows, 2);
  assert(count > tokens && count % tokens === 0, `${count}`);
  assert.equal(readPictureMetadata(await chunked.images[0]!.png()).options.longPrompt, "chunk");
  const short = await paint({ prompt: "a fox", longPrompt: "chunk" });
  assert.deepEqual(short.texts["prior.text"]!.shape, [2, tokens, short.texts["prior.text"]!.shape[2]]);
});

Deno.test("BREAK begins a chunk, and plainPrompt takes it as a word", async () => {
  const broken = await paint({ prompt: "a fox BREAK in snow" });
  assert.equal(broken.texts["decoder.text"]!.shape[1], 2 * pipeline.parts.decoder.text.tokens);
  const plain = await paint({ prompt: "a (red:2) fox BREAK in snow", plainPrompt: true });
  assert.equal(plain.texts["decoder.text"]!.shape[1], pipeline.parts.decoder.text.tokens);
  assert.equal(plain.options.plainPrompt, true);
});

Deno.test("each stage may have a negative prompt of its own", async () => {
  const settings = { prompt: "a fox", negativePrompt: "snow", decoderGuidance: 2 };
  const [all, prior, decoder] = [
    await paint(settings),
    await paint({ ...settings, priorNegativePrompt: "rain" }),
    await paint({ ...settings, decoderNegativePrompt: "rain" }),
  ];
  const text = ({ texts }: typeof all, name: string) => texts[`${name}.text`]!.data;
  assert.notDeepEqual(text(prior, "prior"), text(all, "prior"));
  assert.deepEqual(text(prior, "decoder"), text(all, "decoder"));
  assert.deepEqual(text(decoder, "prior"), text(all, "prior"));
  assert.notDeepEqual(text(decoder, "decoder"), text(all, "decoder"));
  assert.equal(readPictureMetadata(await prior.images[0]!.png()).options.priorNegativePrompt, "rain");
  assert.throws(
    () => pipeline.generate({ ...fast, prompt: ["a", "b"], priorNegativePrompt: ["x"] }),
    (error) =>
      error instanceof ConfigError && /a negative prompt for each of the 2 prompts but found 1/.test(error.message),
  );
});

Deno.test("each stage may have a prompt of its own, which pictures remember and which another prompt replaces", async () => {
  const settings = { prompt: "a fox", decoderGuidance: 1 };
  const [all, prior, both] = [
    await paint(settings),
    await paint({ ...settings, priorPrompt: "a dog" }),
    await paint({ ...settings, prompt: ["a fox", "a cat"], decoderPrompt: ["rain", "snow"] }),
  ];
  const text = ({ texts }: typeof all, name: string) => texts[`${name}.text`]!.data;
  assert.notDeepEqual(text(prior, "prior"), text(all, "prior"));
  assert.deepEqual(text(prior, "decoder"), text(all, "decoder"));
  const [rain, snow] = [await paint({ prompt: "rain" }), await paint({ prompt: "snow" })];
  assert.deepEqual(text(both, "decoder0"), text(rain, "decoder"));
  assert.deepEqual(text(both, "decoder1"), text(snow, "decoder"));
  const repeats = readPictureMetadata(await prior.images[0]!.png());
  assert.deepEqual([repeats.options.prompt, repeats.options.priorPrompt], ["a fox", "a dog"]);
  assert.equal(prior.images[0]!.prompt, "a fox");
  const again = await paint({ prompt: "a fox", repeats });
  assert.deepEqual(again.images[0]!.data, prior.images[0]!.data);
  assert.equal((await paint({ prompt: "a cat", repeats })).options.priorPrompt, undefined);
  const { handOver } = await paint({ ...settings, priorPrompt: "a dog", stopAfter: "prior" });
  const from = handOver!;
  assert.deepEqual((await pipeline.generate({ prompt: "a fox", from })).images[0]!.data, prior.images[0]!.data);
  assert.equal((await pipeline.generate({ prompt: "a cat", from })).options.priorPrompt, "a dog");
  assert.throws(
    () => pipeline.generate({ prompt: "a fox", priorPrompt: ["x", "y"] }),
    /Expected an entry of priorPrompt for each of the 1 prompts but found 2/,
  );
  assert.throws(
    () => pipeline.generate({ prompt: "a fox", priorPrompt: "a dog", from }),
    /Expected no priorPrompt beside from/,
  );
});

Deno.test("equal prompts of several generations are encoded once for all of them", async () => {
  const prompts = ["a fox", "a fox", "a hat", "a fox"];
  const results = await pipeline.generateAll(prompts.map((prompt, seed) => ({ ...fast, prompt, seed })));
  const { stages } = results[0]!.timings;
  // The empty negative prompt too, where there is guidance.
  assert.equal(stages["prior text"]!.evaluations, 3);
  assert.equal(stages["decoder text"]!.evaluations, 2);
});
