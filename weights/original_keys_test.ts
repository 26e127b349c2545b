import assert from "node:assert/strict";
import { readFixtureTensors } from "../tests/read_fixture.ts";
import { openCheckpoint, openRawCheckpoint } from "./checkpoint.ts";
import { hasOriginalKeys, toDiffusersKeys, toOriginalKeys } from "./original_keys.ts";
import type { StoredTensor } from "./stored_tensor.ts";

const fixtures = new URL("../tests/fixtures/", import.meta.url).pathname;
const stem = "diffusion_pytorch_model";

for (
  const [file, folder] of [
    ["stage_c_prior.pt", "wuerstchen-prior/prior"],
    ["stage_a_vqgan.pt", "wuerstchen/vqgan"],
  ] as const
) {
  Deno.test(`${file} of the original names holds what diffusers' folder does, bit for bit`, async () => {
    const original = await openCheckpoint(`${fixtures}checkpoints/${file}`, { stem });
    const expected = await openCheckpoint(`${fixtures}wuerstchen/repo/${folder}`, { stem });
    assert(original.isOriginal && !expected.isOriginal);
    assert.deepEqual([...original.tensors.keys()].sort(), [...expected.tensors.keys()].sort());
    for (const key of expected.tensors.keys()) {
      assert.deepEqual(await original.read(key), await expected.read(key), key);
    }
    // Fused matrices are ranges of the file, not copies.
    assert([...original.tensors.values()].every(({ strides }) => strides === undefined));
  });
}

Deno.test("fp16 files of the original names hold the folder's numbers, rounded", async () => {
  for (
    const [file, folder] of [
      ["stage_c_prior.fp16.safetensors", "wuerstchen-prior/prior"],
      ["stage_b_decoder.fp16.pt", "wuerstchen/decoder"],
    ] as const
  ) {
    const original = await openCheckpoint(`${fixtures}checkpoints/${file}`, { stem });
    const expected = readFixtureTensors(`repo/${folder}/${stem}.safetensors`);
    assert.deepEqual([...original.tensors.keys()].sort(), Object.keys(expected).sort());
    for (const [key, { data, shape }] of Object.entries(expected)) {
      const found = await original.read(key);
      assert.deepEqual([found.dtype, found.shape], ["float16", shape], key);
      assert.deepEqual(found.data, Float16Array.from(data as Float32Array), key);
    }
  }
});

Deno.test("toOriginalKeys() gives the names of the original files back", async () => {
  for (const file of ["stage_c_prior.pt", "stage_a_vqgan.pt", "stage_b_decoder.fp16.pt"]) {
    const raw = await openRawCheckpoint(`${fixtures}checkpoints/${file}`, { stem });
    const { tensors } = await openCheckpoint(`${fixtures}checkpoints/${file}`, { stem });
    const originals = toOriginalKeys(tensors.keys(), { file });
    assert.deepEqual(originals.map(({ key }) => key).sort(), [...raw.tensors.keys()].sort());
    assert.deepEqual(originals.flatMap(({ parts }) => parts).sort(), [...tensors.keys()].sort());
  }
});

const stored = (shape: number[]): StoredTensor => ({
  dtype: "float32",
  shape,
  file: "x",
  start: 64,
  length: 4 * shape[0]!,
});

Deno.test("toDiffusersKeys() refuses fused matrices of no three parts, and names that meet", () => {
  const key = "blocks.2.attention.attn.in_proj_bias";
  assert.throws(
    () => toDiffusersKeys(new Map([[key, stored([4])]]), { file: "x.pt" }),
    /x\.pt: expected three equal parts in "blocks\.2\.attention\.attn\.in_proj_bias" but found \[4\]/,
  );
  const both = new Map([[key, stored([6])], ["blocks.2.attention.to_k.bias", stored([2])]]);
  assert.throws(() => toDiffusersKeys(both, { file: "x.pt" }), /two tensors for "blocks\.2\.attention\.to_k\.bias"/);
  assert.throws(() => toOriginalKeys(["a.attention.to_q.bias"], { file: "x" }), /but no "a\.attention\.to_k\.bias"/);
});

Deno.test("hasOriginalKeys() looks at whole parts of names", () => {
  assert(hasOriginalKeys(["vquantizer.codebook.weight"]));
  assert(!hasOriginalKeys(["blocks.2.attention.to_q.weight", "myattention.attn.in_proj_bias", "out.1.weight"]));
});
