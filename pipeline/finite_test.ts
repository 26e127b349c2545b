import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { copyTinyModel, quick } from "../tests/tiny_model.ts";
import { tensor } from "../tensor/tensor.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { finite } from "./finite.ts";
import { loadPipeline } from "./pipeline.ts";

const settings = { ...quick, prompt: "a fox", seed: 3 };

/** Multiplies one tensor of a file. */
async function scale(path: string, { key, by }: { key: string; by: number }): Promise<void> {
  const file = await openSafetensors(path);
  const tensors = new Map<string, ReturnType<typeof tensor>>();
  for (const name of file.tensors.keys()) {
    const { dtype, shape, data } = await file.read(name);
    tensors.set(name, tensor(dtype, shape, name === key ? (data as Float32Array).map((value) => value * by) : data));
  }
  await writeSafetensors(path, tensors, { force: true });
}

Deno.test("weights that overflow in 16 bits are named with stage, step and tensor, and the run goes on in 32", () =>
  inTempFolder(async (folder) => {
    const { prior, decoder } = await copyTinyModel(folder);
    // A norm follows at once: in 32 bits the numbers are as good as before.
    const planted = { key: "embedding.1.weight", by: 1e8 };
    await scale(join(decoder, "decoder", "diffusion_pytorch_model.safetensors"), planted);
    const paint = async (compute: "fp16" | "fp32") => {
      await using pipeline = await loadPipeline(decoder, { prior, compute, hashWeights: false });
      return await pipeline.generate(settings);
    };
    const full = await paint("fp32");
    const half = await paint("fp16");
    const said = half.warnings.filter((message) => !full.warnings.includes(message));
    assert.equal(said.length, 1, said.join("\n"));
    assert.match(
      said[0]!,
      /^decoder: step 1: decoder\.model_output\.0 became (NaN|-?Infinity) in fp16: from here on this network computes in fp32$/,
    );
    assert.ok(half.images[0]!.data.some((value) => value > 0));
  }));

Deno.test("a network is run once more and no oftener, and one in 32 bits not at all", async () => {
  let runs = 0;
  const network = { computesInHalf: true, computeInFull: () => Promise.resolve(void (network.computesInHalf = false)) };
  const run = () => Promise.resolve(tensor("float32", [1], Float32Array.of(runs++ < 5 ? NaN : 1)));
  const where = () => "here";
  assert.ok(Number.isNaN((await finite(run, { network, where })).data[0]));
  assert.equal(runs, 2);
  await finite(run, { network, where });
  assert.equal(runs, 3);
});
