import { nativeRuntime } from "../../runtime/session.ts";
import type { EmbeddingRequest, EmbeddingTools, PartContext, Steps } from "../contracts/parts.ts";
import type { Plugin } from "../define.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { finish } from "./finish.ts";
import { expect, makePart, type SuiteOptions, testPlugin } from "../testing.ts";

/** How a prior is tested. */
export interface PriorSuiteOptions extends SuiteOptions {
  /** A model for priors that are networks: its files, and the text width that it takes. */
  readonly model?: { readonly context: PartContext; readonly textWidth: number };
}

/**
 * Tests that a prior keeps its contract. One that makes embeddings is run with tools that only know shapes; one that is a network is
 * opened on `model`, loaded, run with and without guidance, and released.
 */
export function testPrior(plugin: Plugin<"prior">, suite: PriorSuiteOptions = {}): void {
  const { options, test = Deno.test, model } = suite;
  testPlugin(plugin, suite);
  const title = `prior ${plugin.name}`;
  // A prior that makes embeddings looks at no files of a model.
  const context = model && { ...model.context, options: { runtime: nativeRuntime, ...model.context.options } };
  const make = () => makePart(plugin, { options, context: context ?? ({} as PartContext) });

  test(`${title}: gives what its kind says, finite and of the right shape`, async () => {
    const prior = await make();
    if ("embed" in prior) {
      for (const pictures of [1, 3]) {
        const request = requestOf(pictures);
        const embedding = await finish(prior.embed(request, shapeTools(request)));
        checkTensor(embedding, request.shape, "embed()");
      }
      await prior.dispose?.();
      return;
    }
    expect(model, "it is a network: give testPrior() a model to open it on");
    expect(
      Number.isInteger(prior.channels) && prior.channels > 0,
      `"channels" is ${prior.channels}: it is a whole number`,
    );
    for (const copies of [1, 2]) {
      const [height, width, tokens, batch] = [3, 2, 5, 2];
      await prior.network.load({ height, width, tokens, copies });
      const latents = wave([batch, prior.channels, height, width]);
      const text = wave([copies * batch, tokens, model.textWidth]);
      const predicted = await prior.predict(latents, { t: 0.5, text });
      checkTensor(predicted, [copies * batch, prior.channels, height, width], `predict() with copies ${copies}`);
    }
    await prior.network.release();
  });

  test(`${title}: gives the same for the same request`, async () => {
    const prior = await make();
    if (!("embed" in prior)) return;
    const request = requestOf(1);
    const [a, b] = [
      await finish(prior.embed(request, shapeTools(request))),
      await finish(prior.embed(request, shapeTools(request))),
    ];
    expect(
      a.data.every((value, i) => value === b.data[i]),
      "embed() gives something else the second time: take randomness from tools.noise(), which follows the seed",
    );
  });
}

function requestOf(pictures: number): EmbeddingRequest {
  return {
    prompts: Array.from({ length: pictures }, (_, i) => `prompt ${i}`),
    shape: [pictures, 4, 3, 2],
    picture: { height: 96, width: 64 },
    signal: new AbortController().signal,
  };
}

/** Numbers that are neither all the same nor random. */
function wave(shape: readonly number[], phase = 0): Tensor<"float32"> {
  const x = tensor("float32", shape);
  x.data.forEach((_, i) => x.data[i] = Math.sin(0.7 * i + phase));
  return x;
}

function shapeTools({ shape, picture }: EmbeddingRequest): EmbeddingTools {
  // deno-lint-ignore require-yield -- there are no steps to report in a test
  async function* give<Result>(result: Result): Steps<Result> {
    return await Promise.resolve(result);
  }
  return {
    noise: (seed = 0) => wave(shape, seed),
    encode: (prompts) => give(wave([prompts.length, 5, 8], prompts.join().length)),
    denoise: (latents) => give(wave(latents.shape, latents.data[0])),
    compress: (pixels) => give(wave([pixels.shape[0]!, ...shape.slice(1)])),
    readPicture: () => Promise.resolve(wave([1, 3, picture.height, picture.width])),
  };
}

function checkTensor(found: Tensor<"float32">, shape: readonly number[], what: string): void {
  expect(
    found?.data instanceof Float32Array && Array.isArray(found.shape),
    `${what} gives no tensor: make one with tensor("float32", shape, data)`,
  );
  const given = `[${found.shape.join(", ")}]`;
  expect(found.shape.join() === shape.join(), `${what} gives ${given} where [${shape.join(", ")}] is wanted`);
  const wrong = found.data.find((value) => !Number.isFinite(value));
  expect(wrong === undefined, `${what} gives ${wrong}: every number has to be finite`);
}
