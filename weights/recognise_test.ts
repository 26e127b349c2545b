import assert from "node:assert/strict";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { checkParameters } from "./bind.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { recognise } from "./recognise.ts";

const fixtures = new URL("../tests/fixtures/", import.meta.url).pathname;

async function nameOf(path: string): Promise<string | undefined> {
  const stem = /text_encoder$|^t5\//.test(path) ? "model" : "diffusion_pytorch_model";
  return recognise((await openCheckpoint(`${fixtures}${path}`, { stem })).tensors)?.name;
}

const files: readonly (readonly [string, string])[] = [
  ["wuerstchen/repo/wuerstchen-prior/prior", "Stage C"],
  ["wuerstchen/repo/wuerstchen/decoder", "Stage B"],
  ["wuerstchen/repo/wuerstchen/vqgan", "Stage A"],
  ["wuerstchen/repo/wuerstchen/text_encoder", "a CLIP text encoder"],
  ["t5/v1_0", "a T5 text encoder"],
  ["t5/v1_1", "a T5 text encoder"],
  ["../../models/emoji/prior/prior", "Stage C"],
  ["checkpoints/stage_c_prior.pt", "Stage C"],
  ["checkpoints/stage_b_decoder.fp16.pt", "Stage B"],
  ["checkpoints/stage_a_vqgan.pt", "Stage A"],
  ["checkpoints/cascade_stage_c_lite_bf16.safetensors", "Stable Cascade's Stage C"],
  ["checkpoints/cascade_stage_b_lite_bf16.safetensors", "Stable Cascade's Stage B"],
  ["lora/kohya/lora.safetensors", "a LoRA"],
];

for (const [path, name] of files) {
  Deno.test(`${path} is recognised as ${name}`, async () => assert.equal(await nameOf(path), name));
}

Deno.test("a network is recognised whatever its file is called", () =>
  inTempFolder(async (folder) => {
    await Deno.copyFile(`${fixtures}checkpoints/stage_c_prior.pt`, `${folder}/vqgan.bin`);
    assert.equal(recognise((await openCheckpoint(`${folder}/vqgan.bin`, { stem: "model" })).tensors)?.kind, "prior");
    await Deno.rename(`${folder}/vqgan.bin`, `${folder}/pytorch_model.bin`);
    assert.equal(recognise((await openCheckpoint(folder, { stem: "model" })).tensors)?.kind, "prior");
  }));

Deno.test("files of Würstchen v1's Stage B are recognised by their names, strangers are not", () => {
  const of = (...keys: string[]) => recognise(new Map(keys.map((key) => [key, []])));
  assert.equal(of("byt5_mapper.weight", "effnet_mapper.weight")?.name, "Würstchen v1's Stage B");
  assert.equal(of("in_mapper.0.weight", "out_mapper.1.weight")?.name, "Würstchen v1's Stage B");
  assert.equal(of("model.diffusion_model.input_blocks.0.0.weight")?.name, "Stable Diffusion");
  assert.equal(of("a", "b"), undefined);
});

Deno.test("Stable Cascade is told by names that no other family has, whatever its sizes, in the names of diffusers too", () => {
  const of = (...keys: string[]) => recognise(new Map(keys.map((key) => [key, []])));
  const shared = ["clip_txt_pooled_mapper.weight", "clf.1.weight", "embedding.1.weight"];
  assert.equal(of("clip_txt_mapper.weight", "clip_img_mapper.weight", ...shared)?.name, "Stable Cascade's Stage C");
  assert.equal(of("effnet_mapper.0.weight", "pixels_mapper.0.weight", ...shared)?.name, "Stable Cascade's Stage B");
  assert.equal(of("projection.weight", "cond_mapper.0.weight", "out.1.weight")?.name, "Stage C");
  assert.equal(of("clip_mapper.weight", "effnet_mappers.1.weight", "clf.1.weight")?.name, "Stage B");
});

Deno.test("weights of another network or family are refused by name", async () => {
  const stem = "diffusion_pytorch_model";
  const { tensors: wanted } = await openCheckpoint(`${fixtures}wuerstchen/repo/wuerstchen-prior/prior`, { stem });
  const declared = new Map([...wanted].map(([key, { shape }]) => [key, shape]));
  const check = async (file: string) => {
    const { tensors } = await openCheckpoint(`${fixtures}checkpoints/${file}`, { stem });
    checkParameters(declared, tensors, { folder: "prior" });
  };
  await assert.rejects(check("cascade_stage_c_lite_bf16.safetensors"), {
    name: "CheckpointError",
    message: "prior: these are the weights of Stable Cascade's Stage C, which is not supported",
  });
  await assert.rejects(check("stage_a_vqgan.pt"), {
    name: "CheckpointError",
    message: "prior: expected the weights of Stage C but found those of Stage A",
  });
  await check("stage_c_prior.pt");

  const [clip, t5] = await Promise.all(["wuerstchen/repo/wuerstchen/text_encoder", "t5/v1_0"].map(async (path) => {
    return (await openCheckpoint(`${fixtures}${path}`, { stem: "model" })).tensors;
  }));
  const sizes = new Map([...clip!].map(([key, { shape }]) => [key, shape]));
  assert.throws(() => checkParameters(sizes, t5!, { folder: "text" }), {
    name: "CheckpointError",
    message: "text: expected the weights of a CLIP text encoder but found those of a T5 text encoder",
  });
});
