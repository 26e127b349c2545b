import assert from "node:assert/strict";
import { input } from "../onnx/mod.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { compressorInput, compressorSize, stageCTarget } from "./compressor_input.ts";
import { semanticCompressorConfig } from "./semantic_compressor.ts";

const { image_mean: mean, image_std: std } = semanticCompressorConfig.parse({});
const fixture = readFixture("../compressor/preprocess");

/** The fixture's picture as [1, 3, h, w] numbers 0…1. */
function picture(): Tensor<"float32"> {
  const { shape: [h, w], data } = fixture.tensor<"uint8">("image");
  const size = h! * w!;
  const values = Float32Array.from(data, (_, i) => data[(i % size) * 3 + Math.floor(i / size)]! / 255);
  return tensor("float32", [1, 3, h!, w!], values);
}

/** The window [top, top + height) × [left, left + width) of [1, c, h, w], as [c, height, width]. */
function crop({ shape: [, c, h, w], data }: Tensor, { top, left, height, width }: Record<string, number>): Tensor {
  const result = new Float32Array(c! * height! * width!);
  result.forEach((_, i) => {
    const [plane, y, x] = [Math.floor(i / (height! * width!)), Math.floor(i / width!) % height!, i % width!];
    result[i] = data[(plane * h! + y + top!) * w! + x + left!] as number;
  });
  return tensor("float32", [c!, height!, width!], result);
}

Deno.test("the compressor's input is that of Würstchen v2: bilinear, antialiased, ImageNet's mean and deviation", async () => {
  const pixels = picture();
  const x = compressorInput(inputsLike({ pixels }).pixels, { size: [64, 96], mean, std });
  const found = await runGraph({ x }, { inputs: { pixels } });
  const middle = crop(found["x"]!, { top: 0, left: 16, height: 64, width: 64 });
  assertClose(middle, fixture.tensor("torch.v2_effnet.64"), fixture.atol("torch.v2_effnet.64"), "v2");
});

Deno.test("the compressor's input without a resize is that of Stable Cascade", async () => {
  const pixels = picture();
  const x = compressorInput(inputsLike({ pixels }).pixels, { size: [133, 200], mean, std });
  const found = await runGraph({ x }, { inputs: { pixels } });
  const top = crop(found["x"]!, { top: 0, left: 0, height: 12, width: 200 });
  assertClose(top, fixture.tensor("torch.cascade_effnet.top"), fixture.atol("torch.cascade_effnet.top"), "cascade");
});

Deno.test("Stable Cascade's 3/4 picks the pixels that torch's nearest picks", async () => {
  const pixels = picture();
  const x = compressorInput(inputsLike({ pixels }).pixels, { size: [96, 128], mean: [0], std: [1], filter: "nearest" });
  const found = await runGraph({ x }, { inputs: { pixels } });
  const whole = crop(found["x"]!, { top: 0, left: 0, height: 96, width: 128 });
  assertClose(whole, fixture.tensor("torch.nearest_3_4"), 1e-6, "nearest");
});

Deno.test("stageCTarget() is undone by x·latent_mean − latent_std", async () => {
  const e = tensor("float32", [1, 1, 1, 3], Float32Array.of(-1, 0, 41));
  const target = stageCTarget(inputsLike({ e }).e, { latentMean: 42, latentStd: 1 });
  const found = await runGraph({ target }, { inputs: { e } });
  assertClose(found["target"]!, [0, 1 / 42, 1], 1e-7, "target");
  const back = Array.from(found["target"]!.data as Float32Array, (x) => x * 42 - 1);
  assertClose(back, e.data, 1e-5, "back");
});

Deno.test("a mean is one number a channel or one for all; another count is an error", () => {
  const pixels = input("pixels", "float32", [1, 2, 8, 8]);
  const size = [8, 8] as const;
  assert.deepEqual(compressorInput(pixels, { size, mean: [0.5], std: [1, 2] }).shape, [1, 2, 8, 8]);
  assert.throws(
    () => compressorInput(pixels, { size, mean, std: [1] }),
    /Expected image_mean to have a number for each of the 2 channels, or one, but found 3/,
  );
  assert.throws(() => compressorInput(pixels, { size, mean: [0], std }), /image_std/);
});

Deno.test("the published input is 3/4 of the picture where that is whole cells, and rounded up elsewhere", () => {
  const published = { stride: 32, resolutionMultiple: 42.67 };
  assert.deepEqual(compressorSize({ height: 1024, width: 1536 }, published), [768, 1152]);
  assert.deepEqual(compressorSize({ height: 128, width: 512 }, published), [96, 384]);
  assert.deepEqual(compressorSize({ height: 1, width: 130 }, published), [32, 128]);
});
