import assert from "node:assert/strict";
import { findCheckpoint } from "./find_checkpoint.ts";

function find(names: string[], variant?: string) {
  return findCheckpoint(new Set(names), { folder: "unet", stem: "model", variant });
}

Deno.test("findCheckpoint() prefers the weights without a variant, and a single file to an index", () => {
  const names = ["model.safetensors.index.json", "model.fp16.safetensors", "model.safetensors", "config.json"];
  assert.deepEqual(find(names), { name: "model.safetensors", sharded: false, variant: undefined });
  assert.deepEqual(find(names.slice(0, 2)), { name: names[0], sharded: true, variant: undefined });
});

Deno.test("findCheckpoint() takes the only variant there is", () => {
  for (
    const [name, sharded] of [
      ["model.fp16.safetensors", false],
      ["model.safetensors.index.fp16.json", true],
      ["model.fp16.safetensors.index.json", true],
    ] as const
  ) {
    const names = [name, "model.fp16-00001-of-00002.safetensors", "model.fp16-00002-of-00002.safetensors"];
    assert.deepEqual(find(names), { name, sharded, variant: "fp16" });
    assert.deepEqual(find([...names, "model.safetensors"], "fp16"), { name, sharded, variant: "fp16" });
  }
});

Deno.test("findCheckpoint() takes plain weights in place of a variant where that is allowed, but no other variant", () => {
  const find = (names: string[]) =>
    findCheckpoint(new Set(names), { folder: "unet", stem: "model", variant: "fp16", orPlain: true });
  const plain = { name: "model.safetensors", sharded: false, variant: undefined };
  assert.deepEqual(find(["model.safetensors", "model.bf16.safetensors"]), plain);
  assert.equal(find(["model.safetensors", "model.safetensors.index.fp16.json"]).variant, "fp16");
  assert.throws(() => find(["model.bf16.safetensors"]), /variants "bf16"; there is no variant "fp16"/);
});

Deno.test("findCheckpoint() takes what torch.save wrote only where there is no safetensors file of any variant", () => {
  const plain = { name: "pytorch_model.bin", sharded: false, variant: undefined };
  const names = ["pytorch_model.bin", "pytorch_model.fp16.bin"];
  assert.deepEqual(find(names), plain);
  assert.deepEqual(find(names, "fp16"), { name: "pytorch_model.fp16.bin", sharded: false, variant: "fp16" });
  assert.equal(find([...names, "model.safetensors.index.json"]).name, "model.safetensors.index.json");
  assert.equal(find([...names, "model.bf16.safetensors"]).name, "model.bf16.safetensors");
  assert.throws(
    () => find([...names, "model.bf16.safetensors"], "fp16"),
    /variants "bf16"; there is no variant "fp16"/,
  );
  const options = { folder: "prior", stem: "diffusion_pytorch_model", variant: "fp16", orPlain: true } as const;
  assert.equal(findCheckpoint(new Set(["diffusion_pytorch_model.bin"]), options).name, "diffusion_pytorch_model.bin");
});

Deno.test("findCheckpoint() names what there is where it cannot choose", () => {
  const variants = ["model.fp16.safetensors", "model.bf16.safetensors.index.json"];
  for (
    const [names, variant, message] of [
      [variants, undefined, 'unet: no model.safetensors but variants "bf16", "fp16"; choose one with --variant'],
      [variants, "fp32", 'unet: no model.fp32.safetensors but variants "bf16", "fp16"; there is no variant "fp32"'],
      [["x"], undefined, "unet: no model.safetensors and no model.safetensors.index.json"],
      [
        ["weights.ckpt"],
        undefined,
        'unet: no model.safetensors and no model.safetensors.index.json, only "weights.ckpt"; convert it to safetensors first: wuerstchen convert FILE -o FOLDER',
      ],
      [
        ["model-00001-of-00002.safetensors"],
        undefined,
        "unet: no model.safetensors and no model.safetensors.index.json",
      ],
    ] as const
  ) assert.throws(() => find([...names], variant), { name: "CheckpointError", message });
});
