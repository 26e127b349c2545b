import assert from "node:assert/strict";
import { join } from "node:path";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { modelCases } from "./cases.ts";
import { Contender, ours } from "./contender.ts";

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
