import assert from "node:assert/strict";
import { join } from "node:path";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { modelCases, realSizeCases } from "./cases.ts";
import { Contender, ours } from "./contender.ts";
import { parametersOf } from "./networks.ts";

Deno.test("a process of its own loads a case, runs it and saves what comes out", async () => {
  const timed = modelCases(await loadPipeline("emoji")).find(({ name }) => name === "emoji-stage-a")!;
  await inTempFolder(async (folder) => {
    await using contender = await Contender.start(ours(), { case: timed, threads: 1 });
    assert.ok(contender.loaded.load > 0 && contender.loaded.bytes > 0 && contender.loaded.flops! > 0);
    const { seconds, processor } = await contender.step();
    assert.ok(seconds > 0 && processor > 0);
    const file = join(folder, "output.safetensors");
    await contender.save(file);
    const { tensors } = await openSafetensors(file);
    assert.deepEqual(tensors.get("pixels")?.shape, [1, 3, 128, 128]);
  });
});

Deno.test("a process that ends without an answer is an error", async () => {
  const [timed] = modelCases(await loadPipeline("emoji"));
  const command: [string, ...string[]] = [Deno.execPath(), "eval", "0"];
  await assert.rejects(Contender.start(command, { case: timed!, threads: 1 }), /but the process ended/);
});

Deno.test("a model's cases are its five networks at the size that it paints, with guidance as a batch of two", async () => {
  const cases = modelCases(await loadPipeline("emoji"));
  assert.deepEqual(cases.map(({ name, sizes }) => [name, sizes.batch, sizes.height]), [
    ["emoji-prior-text", 1, undefined],
    ["emoji-stage-c", 2, 3],
    ["emoji-decoder-text", 1, undefined],
    ["emoji-stage-b", 1, 32],
    ["emoji-stage-a", 1, 32],
  ]);
});

Deno.test("the published networks have as many parameters as the classes of diffusers and transformers", () => {
  const count = ({ network, config }: ReturnType<typeof realSizeCases>[number]["checkpoint"]) =>
    [...parametersOf(network, config).values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
  assert.deepEqual(Object.fromEntries(realSizeCases("").map(({ name, checkpoint }) => [name, count(checkpoint)])), {
    "prior-text": 693_021_440,
    "decoder-text": 352_984_064,
    "stage-c-1024": 993_636_896,
    "stage-b-512": 1_055_365_280,
    "stage-b-1024": 1_055_365_280,
    // Without num_batches_tracked, which no network reads.
    "stage-a-512": 18_406_902,
    "stage-a-1024": 18_406_902,
  });
});
