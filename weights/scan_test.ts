import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { type DType, tensor } from "../tensor/tensor.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { scanFiles } from "./scan.ts";
import { writeSafetensors } from "./safetensors_writer.ts";

Deno.test("scanFiles() finds NaN and infinity in every floating-point type, at any place", async () => {
  await inTempFolder(async (folder) => {
    const size = 700_001;
    const bits: [DType, number | bigint][] = [["float32", Infinity], ["float64", NaN], ["float16", -Infinity], [
      "bfloat16",
      0x7fc0,
    ]];
    const tensors = bits.flatMap(([dtype, bad]) =>
      [0, size - 1, undefined].map((place) => {
        const value = tensor(dtype, [size]);
        if (place !== undefined) (value.data as Float32Array)[place] = bad as number;
        return [`${dtype} ${place}`, value] as const;
      })
    );
    const file = join(folder, "model.safetensors");
    await writeSafetensors(file, new Map(tensors));
    const checkpoint = await openCheckpoint(folder, { stem: "model" });
    const { hash, nonFinite } = await scanFiles(checkpoint);
    const expected = tensors.map(([name]) => name).filter((name) => !name.endsWith("undefined"));
    assert.deepEqual(nonFinite.toSorted(), expected.toSorted());
    assert.equal(hash, createHash("sha256").update(await Deno.readFile(file)).digest("hex"));
  });
});

Deno.test("scanFiles() gives the SHA-256 of the files one after the other, and tells how much it has read", async () => {
  const folder = fileURLToPath(
    new URL("../tests/fixtures/wuerstchen/repo/wuerstchen-sharded/decoder", import.meta.url),
  );
  const checkpoint = await openCheckpoint(folder, { stem: "diffusion_pytorch_model" });
  const expected = createHash("sha256");
  let size = 0;
  for (const file of checkpoint.files) {
    const bytes = await Deno.readFile(file);
    expected.update(bytes);
    size += bytes.length;
  }
  let read = 0;
  const { hash } = await scanFiles(checkpoint, { onRead: (bytes) => read += bytes });
  assert.deepEqual([hash, read], [expected.digest("hex"), size]);
});

Deno.test("scanFiles() hashes a .pt file whole and looks at tensors that share their bytes", async () => {
  const path = fileURLToPath(new URL("../tests/fixtures/checkpoints/views.pt", import.meta.url));
  await inTempFolder(async (folder) => {
    const bytes = await Deno.readFile(path);
    const damaged = join(folder, "views.pt");
    const { tensors } = await openCheckpoint(path, { stem: "model" });
    const { start } = tensors.get("offset_view")!;
    new DataView(bytes.buffer).setFloat32(start, Infinity, true);
    await Deno.writeFile(damaged, bytes);
    const { hash, nonFinite } = await scanFiles(await openCheckpoint(damaged, { stem: "model" }));
    assert.equal(hash, createHash("sha256").update(bytes).digest("hex"));
    assert.deepEqual(nonFinite, ["base"]);
    assert.deepEqual((await scanFiles(await openCheckpoint(path, { stem: "model" }))).nonFinite, []);
  });
});
