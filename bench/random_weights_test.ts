import assert from "node:assert/strict";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { writeRandomWeights } from "./random_weights.ts";

const parameters = new Map([
  ["linear.weight", [64, 256]],
  ["linear.bias", [64]],
  ["other.weight", [64, 256]],
  ["1.running_var", [64]],
]);

Deno.test("random weights are a checkpoint of just the given tensors", async () => {
  await inTempFolder(async (folder) => {
    const bytes = await writeRandomWeights(folder, { stem: "model", parameters });
    const checkpoint = await openCheckpoint(folder, { stem: "model" });
    assert.deepEqual(new Map([...checkpoint.tensors].map(([key, { shape }]) => [key, shape])), parameters);
    assert.equal((await Deno.stat(`${folder}/model.safetensors`)).size, bytes);
  });
});

Deno.test("a matrix keeps the scale of its input, variances are positive, and no two tensors are equal", async () => {
  await inTempFolder(async (folder) => {
    await writeRandomWeights(folder, { stem: "model", parameters });
    const checkpoint = await openCheckpoint(folder, { stem: "model" });
    const read = async (key: string) => (await checkpoint.read(key)).data as Float32Array;
    const weight = await read("linear.weight");
    const variance = weight.reduce((sum, value) => sum + value * value, 0) / weight.length;
    assert.ok(Math.abs(variance * 256 - 1) < 0.1, `variance ${variance}`);
    assert.ok((await read("1.running_var")).every((value) => value >= 1));
    assert.notDeepEqual(weight, await read("other.weight"));
  });
});
