import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tensor } from "../tensor/tensor.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { scanFiles } from "./scan.ts";
import { scanCheckpoints } from "./scan_checkpoints.ts";
import { writeSafetensors } from "./safetensors_writer.ts";

/** Folder of a network whose files are old enough to be remembered. */
const vqgan = fileURLToPath(new URL("../tests/fixtures/wuerstchen/repo/wuerstchen/vqgan", import.meta.url));

/** Writes a checkpoint whose only tensor has `size` floats, the last of them `last`. */
async function writeWeights(folder: string, { size, last }: { size: number; last: number }): Promise<string> {
  const weight = tensor("float32", [size]);
  weight.data[size - 1] = last;
  const file = join(folder, "model.safetensors");
  await writeSafetensors(file, { weight }, { force: true });
  return file;
}

const open = (folder: string) => openCheckpoint(folder, { stem: "model" });

Deno.test("scanCheckpoints() finds in a worker what scanFiles() finds, and tells how far it is", () =>
  inTempFolder(async (folder) => {
    await writeWeights(folder, { size: 5_000_000, last: NaN });
    const checkpoint = await open(folder);
    const told: number[] = [];
    const { weights } = await scanCheckpoints({ weights: checkpoint }, {
      onProgress: ({ done, total }) => told.push(done / total),
    });
    assert.deepEqual(weights, await scanFiles(checkpoint));
    assert.deepEqual(weights.nonFinite, ["weight"]);
    assert.equal(told.length, 1);
    assert.ok(told[0]! > 0.8 && told[0]! <= 1);
  }));

Deno.test("scanCheckpoints() reads a checkpoint once, and then knows it", () =>
  inTempFolder(async (folder) => {
    const weights = await openCheckpoint(vqgan, { stem: "diffusion_pytorch_model" });
    const scan = async () => {
      let read = 0;
      const scans = await scanCheckpoints({ weights }, {
        cacheFile: join(folder, "cache", "weights.json"),
        remembered: 1,
        onProgress: ({ done }) => read = done,
      });
      return { hash: scans.weights.hash, read };
    };
    const first = await scan();
    assert.equal(first.read, weights.bytes);
    assert.deepEqual(await scan(), { hash: first.hash, read: 0 });
  }));

Deno.test("scanCheckpoints() keeps the order of the checkpoints, whichever of them is known", () =>
  inTempFolder(async (folder) => {
    await writeWeights(folder, { size: 100, last: 1 });
    const known = await openCheckpoint(vqgan, { stem: "diffusion_pytorch_model" });
    const checkpoints = { small: await open(folder), known };
    const options = { cacheFile: join(folder, "weights.json"), remembered: 1000 };
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(Object.keys(await scanCheckpoints(checkpoints, options)), ["small", "known"]);
    }
  }));

Deno.test("scanCheckpoints() stops when it is told to, in a worker and without", () =>
  inTempFolder(async (folder) => {
    for (const size of [100, 5_000_000]) {
      await writeWeights(folder, { size, last: 1 });
      const signal = AbortSignal.abort(new Error("enough"));
      await assert.rejects(async () => scanCheckpoints({ weights: await open(folder) }, { signal }), {
        message: "enough",
      });
    }
  }));

Deno.test("scanCheckpoints() refuses weights that are no longer those that were opened", () =>
  inTempFolder(async (folder) => {
    await writeWeights(folder, { size: 100, last: 1 });
    const weights = await open(folder);
    await writeWeights(folder, { size: 101, last: 1 });
    await assert.rejects(() => scanCheckpoints({ weights }), { name: "CheckpointError", message: /has changed/ });
  }));
