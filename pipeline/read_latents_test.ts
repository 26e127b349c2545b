import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { readLatents } from "./read_latents.ts";

async function withTensors(tensors: Record<string, Tensor>, test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "noise.safetensors");
    await writeSafetensors(path, tensors);
    await test(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const noise = tensor("float32", [1, 4, 1, 1], Float32Array.of(1, 2, 3, 4));

Deno.test("the only tensor of a file is the noise, whatever its name", () =>
  withTensors({ anything: noise }, async (path) => {
    assert.deepEqual(await readLatents(path, { stage: "prior" }), noise);
  }));

Deno.test("among several tensors the name decides, by stage in a file of --save-tensors", () => {
  const other = tensor("float32", [1], Float32Array.of(9));
  const saved = { "noise.prior.0": other, "noise.decoder.0": noise, "prior.text": other };
  return withTensors(saved, async (path) => {
    assert.deepEqual(await readLatents(path, { stage: "decoder" }), noise);
    assert.deepEqual(await readLatents(path, { stage: "prior" }), other);
  });
});

Deno.test("several tensors without such a name, or with two of them, are refused by name", async () => {
  for (const tensors of [{ a: noise, b: noise }, { latents: noise, noise }]) {
    await withTensors(tensors, (path) =>
      assert.rejects(readLatents(path, { stage: "prior" }), (error: Error) => {
        assert.ok(error instanceof CheckpointError);
        for (const name of Object.keys(tensors)) assert.ok(error.message.includes(`"${name}"`), error.message);
        return true;
      }));
  }
});

Deno.test("noise of another dtype is refused", () =>
  withTensors(
    { latents: tensor("float64", [1]) },
    (path) => assert.rejects(readLatents(path, { stage: "prior" }), /"latents" to be float32 but found float64/),
  ));
