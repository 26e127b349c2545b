import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { readFixtureTensors } from "../tests/read_fixture.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { writeSafetensors } from "./safetensors_writer.ts";

const fixtures = new URL("../tests/fixtures/wuerstchen/", import.meta.url);
const repo = new URL("repo/", fixtures).pathname;

function one(...values: number[]): Tensor {
  return tensor("float32", [values.length], Float32Array.from(values));
}

Deno.test("openCheckpoint() reads the sharded fixtures as the tensors of their single files", async () => {
  for (
    const [part, stem, shards] of [["decoder", "diffusion_pytorch_model", 5], ["text_encoder", "model", 4]] as const
  ) {
    const checkpoint = await openCheckpoint(`${repo}wuerstchen-sharded/${part}`, { stem });
    const names = (await Array.fromAsync(Deno.readDir(checkpoint.folder))).map(({ name }) => name);
    const files = names.filter((name) => name.endsWith(".safetensors")).sort();
    assert.deepEqual(checkpoint.files.map((file) => basename(file)), files);
    assert.equal(files.length, shards);
    const expected = Object.assign(
      {},
      ...files.map((file) => readFixtureTensors(`repo/wuerstchen-sharded/${part}/${file}`)),
    ) as Record<string, Tensor>;
    assert.deepEqual([...checkpoint.tensors.keys()].sort(), Object.keys(expected).sort());
    let bytes = 0;
    for (const [key, { dtype, shape, length }] of checkpoint.tensors) {
      const wanted = expected[key]!;
      assert.deepEqual([dtype, shape, length], [wanted.dtype, wanted.shape, wanted.data.byteLength]);
      assert.deepEqual(await checkpoint.read(key), wanted);
      bytes += length;
    }
    assert.equal(checkpoint.bytes, bytes);
  }
});

Deno.test("openCheckpoint() opens the bundled model, a variant, and a single file", async () => {
  const bundled = new URL("../models/emoji/prior/prior", import.meta.url).pathname;
  assert((await openCheckpoint(bundled, { stem: "diffusion_pytorch_model" })).tensors.size > 0);
  const stem = "diffusion_pytorch_model";
  const half = await openCheckpoint(`${repo}wuerstchen-prior/prior`, { stem, variant: "fp16" });
  assert.equal(half.variant, "fp16");
  assert([...half.tensors.values()].every(({ dtype }) => dtype === "float16"));
  const single = await openCheckpoint(half.files[0]!, { stem });
  assert.deepEqual(single.tensors, half.tensors);
  assert.equal(single.folder, half.folder);
});

Deno.test("openCheckpoint() says where a tensor's bytes lie", async () => {
  const { tensors, read } = await openCheckpoint(`${repo}wuerstchen/vqgan`, { stem: "diffusion_pytorch_model" });
  for (const [key, { file, start, length }] of tensors) {
    const bytes = (await Deno.readFile(file)).subarray(start, start + length);
    assert.deepEqual(new Uint8Array((await read(key)).data.buffer), bytes, key);
  }
});

Deno.test("openCheckpoint() follows the links of a hub cache to the real files", () =>
  inTempFolder(async (folder) => {
    const real = await Deno.realPath(folder);
    await Deno.mkdir(join(folder, "blobs"));
    await Deno.mkdir(join(folder, "snapshots"));
    await writeSafetensors(join(folder, "blobs", "0f".repeat(32)), { a: one(1, 2) });
    const link = join(folder, "snapshots", "model.safetensors");
    await Deno.symlink(join("..", "blobs", "0f".repeat(32)), link);
    for (const path of [join(folder, "snapshots"), link]) {
      const { tensors, files, read } = await openCheckpoint(path, { stem: "model" });
      assert.deepEqual(files, [join(real, "blobs", "0f".repeat(32))]);
      assert.equal(tensors.get("a")?.file, files[0]);
      assert.deepEqual(await read("a"), one(1, 2));
    }
  }));

Deno.test("openCheckpoint() names what is missing", () =>
  inTempFolder(async (folder) => {
    const stem = "model";
    await assert.rejects(openCheckpoint(join(folder, "no"), { stem }), {
      name: "CheckpointError",
      message: `${join(folder, "no")}: there is no such folder or file`,
    });
    await assert.rejects(
      openCheckpoint(folder, { stem }),
      /no model\.safetensors and no model\.safetensors\.index\.json/,
    );
    await writeSafetensors(join(folder, "model.safetensors"), { a: one(1) });
    const checkpoint = await openCheckpoint(folder, { stem });
    await assert.rejects(checkpoint.read("b"), {
      name: "CheckpointError",
      message: `${folder}: no tensor "b" but "a"`,
    });
  }));

Deno.test("openCheckpoint() refuses tensors of a dtype that it cannot read", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "model.safetensors");
    const header = '{"a":{"dtype":"F8_E5M2","shape":[1],"data_offsets":[0,1]}}';
    await Deno.writeTextFile(path, `${String.fromCharCode(header.length)}${"\0".repeat(7)}${header}x`);
    await assert.rejects(openCheckpoint(folder, { stem: "model" }), {
      name: "CheckpointError",
      message: `${path}: tensor "a" is F8_E5M2, save it as F32, F16 or BF16`,
    });
  }));

Deno.test("checkUnchanged() names the shard that was replaced, and the one that is gone", () =>
  inTempFolder(async (folder) => {
    await writeSafetensors(join(folder, "a.safetensors"), { a: one(1) });
    await writeSafetensors(join(folder, "b.safetensors"), { b: one(2) });
    const index = { weight_map: { a: "a.safetensors", b: "b.safetensors" } };
    await Deno.writeTextFile(join(folder, "model.safetensors.index.json"), JSON.stringify(index));
    const checkpoint = await openCheckpoint(folder, { stem: "model" });
    await checkpoint.checkUnchanged();
    const second = join(folder, "b.safetensors");
    await writeSafetensors(second, { b: one(2, 3) }, { force: true });
    await assert.rejects(() => checkpoint.checkUnchanged(), {
      name: "CheckpointError",
      message: `${second}: the file has changed while it was in use; open it again`,
    });
    await Deno.remove(second);
    await assert.rejects(() => checkpoint.checkUnchanged(), /b\.safetensors: there is no such file/);
  }));
