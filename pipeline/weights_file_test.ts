import assert from "node:assert/strict";
import { join } from "node:path";
import type { LoadOptions } from "./load_options.ts";
import { loadPipeline } from "./pipeline.ts";
import { findModel } from "./model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { copyTinyModel, quick, tinyModel } from "../tests/tiny_model.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";

const checkpoints = new URL("../tests/fixtures/checkpoints/", import.meta.url).pathname;

async function paint(model: string, options: LoadOptions = {}) {
  await using pipeline = await loadPipeline(model, options);
  const { images } = await pipeline.generate({
    prompt: "a red apple",
    seed: 3,
    ...quick,
    priorSteps: 1,
    decoderSteps: 1,
  });
  return images[0]!;
}

Deno.test("original .pt files in place of Stage C and Stage A paint what the folders paint", async () => {
  await inTempFolder(async (folder) => {
    const { prior } = await copyTinyModel(folder);
    const expected = await paint(folder);
    // The folder's own weights are not looked at.
    await Deno.remove(join(prior, "prior", "diffusion_pytorch_model.safetensors"));
    await Deno.remove(join(prior, "prior", "diffusion_pytorch_model.fp16.safetensors"));
    const options = { prior: `${checkpoints}stage_c_prior.pt`, decoder: `${checkpoints}stage_a_vqgan.pt` };
    const found = await paint(folder, options);
    assert.deepEqual(found.data, expected.data);
    const { source } = await findModel(folder, options);
    assert.equal(source.prior, options.prior);
    assert.equal(source.decoder, options.decoder);
  });
});

Deno.test("an original fp16 file stands for Stage B", async () => {
  const decoder = `${checkpoints}stage_b_decoder.fp16.pt`;
  await inTempFolder(async (folder) => {
    await copyTinyModel(folder);
    await using pipeline = await loadPipeline(folder, { decoder });
    const { checkpoint } = pipeline.parts.decoder.stage.network;
    assert.deepEqual(checkpoint.files, [await Deno.realPath(decoder)]);
    assert.equal(checkpoint.tensors.get("clf.1.weight")?.dtype, "float16");
  });
});

Deno.test("a file of the wrong network, family or width is refused by its name", async () => {
  const refuses = (options: { prior?: string; decoder?: string }, message: RegExp, model = tinyModel) =>
    assert.rejects(loadPipeline(model, options), { name: "CheckpointError", message });
  const prior = join(tinyModel, "wuerstchen-prior");
  await refuses(
    { prior: `${checkpoints}stage_a_vqgan.pt` },
    /Expected the weights of Stage C but found those of a vqgan; .*--decoder/,
  );
  await refuses(
    { decoder: `${checkpoints}stage_c_prior.pt` },
    /Stage B or Stage A but found those of a prior; .*--prior/,
  );
  await refuses(
    { prior: `${checkpoints}cascade_stage_c_lite_bf16.safetensors` },
    /the weights of Stable Cascade's Stage C, which is not supported/,
  );
  await refuses({ prior: `${checkpoints}stage_c_prior.pt` }, /how many heads share 48 channels/, "emoji");
  await refuses({}, /weights alone have no tokenizer and no text encoder/, `${checkpoints}stage_c_prior.pt`);
  await inTempFolder(async (folder) => {
    const { tensors, read } = await openCheckpoint(join(prior, "prior"), { stem: "diffusion_pytorch_model" });
    const wider: Record<string, Tensor> = {};
    for (const key of tensors.keys()) wider[key] = await read(key);
    wider["cond_mapper.0.weight"] = tensor("float32", [48, 56]);
    const path = join(folder, "wider.safetensors");
    await writeSafetensors(path, wider);
    await refuses({ prior: path }, /Expected 40 channels of text, as .* has them, but found 56: name the model/);
  });
  await inTempFolder(async (folder) => {
    const path = join(folder, "unknown.safetensors");
    await writeSafetensors(path, { "a.b": tensor("float32", [1]) });
    await refuses({ prior: path }, /those of no network that is known: "a\.b"/);
    await refuses({ prior, decoder: path }, /those of no network that is known/);
  });
});
