import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { tensor } from "../tensor/tensor.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { readFixtureTensors } from "../tests/read_fixture.ts";
import { openSafetensors } from "./safetensors.ts";
import { encodeSafetensors } from "./safetensors_writer.ts";

const example = encodeSafetensors({
  a: tensor("float32", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
  b: tensor("bool", [3], Uint8Array.of(0, 1, 1)),
}, { format: "pt" });

Deno.test("openSafetensors() reads every tensor of the fixtures as they are", async () => {
  const root = new URL("../tests/fixtures/wuerstchen/", import.meta.url);
  for (
    const path of [
      "rng/randn/bfloat16.safetensors",
      "rng/randn/float16.safetensors",
      "rng/randn/float64.safetensors",
      "rng/state/tensors.safetensors",
      "tokenizer/golden/tensors.safetensors",
      "modules/grn/weights.safetensors",
    ]
  ) {
    const file = await openSafetensors(new URL(path, root).pathname);
    const expected = readFixtureTensors(path);
    assert.deepEqual([...file.tensors.keys()].sort(), Object.keys(expected).sort());
    for (const [name, wanted] of Object.entries(expected)) {
      assert.deepEqual(await file.read(name), wanted, `${path} ${name}`);
    }
  }
});

Deno.test("openSafetensors() reads no more than the header until a tensor is asked for", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "sparse.safetensors");
    const header = '{"a":{"dtype":"U8","shape":[1000000000000],"data_offsets":[0,1000000000000]}}   ';
    const start = new Uint8Array(88);
    new DataView(start.buffer).setBigUint64(0, 80n, true);
    start.set(new TextEncoder().encode(header), 8);
    await Deno.writeFile(path, start);
    await Deno.truncate(path, 88 + 1e12);
    const { tensors, size } = await openSafetensors(path);
    assert.equal(size, 88 + 1e12);
    assert.deepEqual(tensors.get("a"), { dtype: "uint8", shape: [1e12], start: 88, end: 88 + 1e12 });
  }));

Deno.test("openSafetensors() rejects a file cut at any byte of its header, and at 1, 25, 50 and 99 %", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "cut.safetensors");
    const size = example.byteLength;
    const header = size - 27;
    const places = [
      ...Array.from({ length: header + 1 }, (_, i) => i),
      ...[0.01, 0.25, 0.5, 0.99].map((x) => x * size | 0),
    ];
    for (const place of places) {
      await Deno.writeFile(path, example.subarray(0, place));
      await assert.rejects(openSafetensors(path), (error) => {
        assert(error instanceof CheckpointError);
        const expected = place < 8 ? "at least 8" : place < header ? `at least ${header}` : `${size}`;
        assert(error.message.startsWith(`${path}: the file is cut, expected ${expected} bytes`), error.message);
        assert(error.message.endsWith(`but found ${place}; get it again`), error.message);
        return true;
      });
    }
    await Deno.writeFile(path, example);
    assert.equal((await openSafetensors(path)).tensors.size, 2);
  }));

Deno.test("openSafetensors() allocates nothing for a header length that is too large", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "length.safetensors");
    const before = Deno.memoryUsage();
    for (const length of [0n, 99_999_999n, 100_000_001n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      const bytes = example.slice();
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      await Deno.writeFile(path, bytes);
      await assert.rejects(openSafetensors(path), CheckpointError, `${length}`);
    }
    assert(Deno.memoryUsage().external - before.external < 10e6);
  }));

Deno.test("openSafetensors() names what is no file", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "no.safetensors");
    await assert.rejects(openSafetensors(path), { name: "CheckpointError", message: `${path}: there is no such file` });
    await assert.rejects(openSafetensors(folder), /expected a safetensors file but found a folder or a device/);
    await assert.rejects(openSafetensors("/dev/null"), /expected a safetensors file but found a folder or a device/);
  }));

Deno.test("read() names the tensors that there are, and the dtypes that it cannot read", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "fp8.safetensors");
    const header = '{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}';
    await Deno.writeTextFile(path, `${String.fromCharCode(header.length)}${"\0".repeat(7)}${header}x`);
    const file = await openSafetensors(path);
    await assert.rejects(file.read("b"), { name: "CheckpointError", message: `${path}: no tensor "b" but "a"` });
    await assert.rejects(file.read("a"), {
      name: "CheckpointError",
      message: `${path}: tensor "a" is F8_E4M3, which cannot be read here; save it as F32, F16 or BF16`,
    });
  }));

Deno.test("read() refuses a file that was cut, replaced or removed since it was opened", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "changed.safetensors");
    await Deno.writeFile(path, example);
    const file = await openSafetensors(path);
    assert.deepEqual((await file.read("b")).data, Uint8Array.of(0, 1, 1));
    await Deno.truncate(path, example.byteLength - 1);
    await assert.rejects(file.read("b"), /the file has changed while it was in use/);
    await Deno.writeFile(path, example);
    await Deno.utime(path, 0, 0);
    await assert.rejects(file.read("b"), /the file has changed while it was in use/);
    await Deno.remove(path);
    await assert.rejects(file.read("b"), /there is no such file/);
  }));
