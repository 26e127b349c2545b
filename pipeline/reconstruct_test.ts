import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { decodeImage } from "../images/codec.ts";
import { copyCompressorModel } from "../tests/compressor_model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { waves } from "../tests/wave_weights.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { readPictureMetadata } from "./metadata.ts";
import { loadPipeline, type Pipeline } from "./pipeline.ts";
import { padToDecoded } from "./reconstruct.ts";
import type { GenerateEvent } from "./types.ts";

const quick = { decoderSteps: 2, decoderGuidance: 0 };

async function withPipeline(test: (pipeline: Pipeline) => Promise<void> | void): Promise<void> {
  await inTempFolder(async (folder) => {
    await copyCompressorModel(folder);
    await using pipeline = await loadPipeline(folder, { threads: 2 });
    await test(pipeline);
  });
}

const row = (x: Tensor<"float32">, i: number) => {
  const [b, ...rest] = x.shape as [number, ...number[]];
  const size = x.data.length / b;
  return tensor("float32", [1, ...rest], x.data.slice(i * size, (i + 1) * size));
};

Deno.test("reconstruct() shows what Stage A and what the whole model keep, with PSNR over all pixels", async () => {
  await withPipeline(async (pipeline) => {
    const pixels = waves([1, 3, 64, 128]);
    const run = pipeline.reconstruct(pixels, { ...quick, seed: 3, prompt: "a fox" });
    const steps: string[] = [];
    for await (const event of run) if (event.type === "step") steps.push(`${event.stage} ${event.step}/${event.total}`);
    assert.deepEqual(steps, [
      "encode 1/1",
      "pixels 1/1",
      "compressor 1/1",
      "decoder text 1/1",
      "decoder 1/2",
      "decoder 2/2",
      "pixels 1/1",
    ]);
    const { pictures, embedding, plan, seed } = await run;
    const [{ original, autoencoded, reconstructed, psnr }] = pictures as [typeof pictures[0]];
    assert.deepEqual([original.width, original.height, seed], [128, 64, 3]);
    assert.deepEqual(embedding.shape, [1, 16, plan.prior.height, plan.prior.width]);
    assert.ok(embedding.data.some((value) => value !== 0));
    assert.equal(original.data[1], Math.round(255 * pixels.data[64 * 128]!));
    for (const [name, { data }] of Object.entries({ autoencoded, reconstructed })) {
      const squares = data.reduce((sum, value, i) => sum + (value / 255 - original.data[i]! / 255) ** 2, 0);
      const wanted = -10 * Math.log10(squares / data.length);
      assert.ok(Math.abs(psnr[name as keyof typeof psnr] - wanted) < 1e-6, name);
    }
  });
});

Deno.test("the second half is a generation that goes on from the picture's embedding", async () => {
  await withPipeline(async (pipeline) => {
    const pixels = waves([1, 3, 128, 128]);
    const { pictures, embedding, options, model } = await pipeline.reconstruct(pixels, { ...quick, seed: 3 });
    assert.deepEqual(await pipeline.embed(pixels), embedding);
    const from = { kind: "image_embeddings", tensor: embedding, options, generators: [], model } as const;
    const { images } = await pipeline.generate({ prompt: "", from, decoderSeed: 3, ...quick });
    assert.deepEqual(pictures[0]!.reconstructed.data, images[0]!.data);
  });
});

Deno.test("pictures of a batch become what they become alone", async () => {
  await withPipeline(async (pipeline) => {
    const pixels = waves([2, 3, 128, 128]);
    const seed = [4, 9];
    const prompt = ["a fox", "a red apple"];
    const together = await pipeline.reconstruct(pixels, { ...quick, seed, prompt });
    for (const i of [0, 1]) {
      const alone = await pipeline.reconstruct(row(pixels, i), { ...quick, seed: seed[i]!, prompt: prompt[i]! });
      const [one, other] = [together.pictures[i]!, alone.pictures[0]!];
      assert.deepEqual(one.original, other.original);
      for (const part of ["autoencoded", "reconstructed"] as const) {
        const worst = one[part].data.reduce(
          (most, value, k) => Math.max(most, Math.abs(value - other[part].data[k]!)),
          0,
        );
        assert.ok(worst <= 1, `${part} ${i} differs by ${worst}`);
      }
      assert.equal(one.reconstructed.seed, seed[i]);
    }
  });
});

Deno.test("padToDecoded() repeats the edges around the place that is cut out", () => {
  const pixels = tensor("float32", [1, 1, 1, 2], Float32Array.of(1, 2));
  const plan = { decoded: { height: 3, width: 4 }, crop: { top: 1, left: 1 } };
  const padded = padToDecoded(pixels, plan);
  assert.deepEqual(padded.shape, [1, 1, 3, 4]);
  assert.deepEqual([...padded.data], [1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2]);
});

Deno.test("a picture of a size between two is reconstructed at its own", async () => {
  await withPipeline(async (pipeline) => {
    const { pictures, plan } = await pipeline.reconstruct(waves([1, 3, 70, 100]), quick);
    assert.notDeepEqual(plan.decoded, plan.image);
    const { original, autoencoded, reconstructed } = pictures[0]!;
    for (const { width, height } of [original, autoencoded, reconstructed]) {
      assert.deepEqual([width, height], [100, 70]);
    }
  });
});

Deno.test("encode() puts all three side by side and says how they were made", async () => {
  await withPipeline(async (pipeline) => {
    const { pictures: [picture], model } = await pipeline.reconstruct(waves([1, 3, 64, 64]), quick);
    const bytes = await picture!.encode("png");
    const { width, height, data } = await decodeImage(bytes);
    assert.deepEqual([width, height], [192, 64]);
    assert.deepEqual(data.slice(0, 192), picture!.original.data.slice(0, 192));
    assert.deepEqual(data.slice(384, 576), picture!.reconstructed.data.slice(0, 192));
    const metadata = readPictureMetadata(bytes);
    assert.deepEqual(metadata.reconstruction, picture!.psnr);
    assert.deepEqual(metadata.model, model);
    assert.match(metadata.inputs!["picture"]!, /^[0-9a-f]{64}$/);
    const bare = await picture!.encode("png", { metadata: false });
    assert.throws(() => readPictureMetadata(bare), CheckpointError);
  });
});

Deno.test("what does not fit the model is refused before anything is loaded", async () => {
  await withPipeline((pipeline) => {
    const refuses = (pixels: Tensor<"float32">, message: RegExp, options = {}) =>
      assert.throws(
        () => pipeline.reconstruct(pixels, options),
        (error) => error instanceof ConfigError && message.test(error.message),
      );
    refuses(
      waves([1, 1, 64, 64]),
      /Expected pictures \[b, 3, height, width\] for this model but found \[1, 1, 64, 64\]/,
    );
    refuses(waves([3, 64, 64]), /but found \[3, 64, 64\]/);
    refuses(waves([1, 3, 8, 64]), /Expected height to be an integer from 64/);
    refuses(waves([2, 3, 64, 64]), /a prompt for each of the 2 pictures but found 1/, { prompt: ["a"] });
    refuses(waves([2, 3, 64, 64]), /seed to have an entry for each of the 2/, { seed: [1, 2, 3] });
    refuses(waves([1, 3, 64, 64]), /decoderSteps/, { decoderSteps: 0 });
  });
});

Deno.test("a model without a compressor says that it needs one, and which have it", async () => {
  await using pipeline = await loadPipeline(tinyModel);
  const says = (error: unknown) =>
    error instanceof CheckpointError &&
    /Expected a compressor.*published Würstchen v2 repositories/.test(error.message);
  assert.throws(() => pipeline.reconstruct(waves([1, 3, 64, 64])), says);
  await assert.rejects(() => pipeline.embed(waves([1, 3, 64, 64])), says);
});

Deno.test("an aborted reconstruction ends between two steps, and the pipeline stays usable", async () => {
  await withPipeline(async (pipeline) => {
    const run = pipeline.reconstruct(waves([1, 3, 64, 64]), quick);
    const seen: GenerateEvent["type"][] = [];
    for await (const event of run) {
      seen.push(event.type);
      if (event.type === "step" && event.stage === "compressor") break;
    }
    assert.ok(!seen.includes("image"));
    await assert.rejects(async () => await run, { name: "AbortError" });
    assert.equal((await pipeline.reconstruct(waves([1, 3, 64, 64]), quick)).pictures.length, 1);
  });
});

Deno.test("an embedding that is not finite is an error that names it", async () => {
  await inTempFolder(async (folder) => {
    const { compressor } = await copyCompressorModel(folder);
    const file = join(compressor, "diffusion_pytorch_model.safetensors");
    const weights = await openSafetensors(file);
    const tensors = await Promise.all(
      [...weights.tensors.keys()].map(async (key) => [key, await weights.read(key)] as const),
    );
    const damaged = tensors.map(([key, value]) => {
      return [
        key,
        key === "mapper.bias" ? tensor("float32", value.shape, new Float32Array(value.data.length).fill(NaN)) : value,
      ] as const;
    });
    await writeSafetensors(file, damaged, { force: true });
    await using pipeline = await loadPipeline(folder, { threads: 2 });
    const names = { name: "NumericError", message: /^compressor: .* became NaN/ };
    await assert.rejects(() => pipeline.embed(waves([1, 3, 64, 64])), names);
    await assert.rejects(async () => await pipeline.reconstruct(waves([1, 3, 64, 64]), quick), names);
  });
});
