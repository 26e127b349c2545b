import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { copyTinyModel, tinyModel } from "../tests/tiny_model.ts";
import { findModel } from "./model.ts";
import { openParts } from "./parts.ts";
import { WeightsCheck } from "./weights_check.ts";

const open = async (folder: string) => await openParts(await findModel(folder));
const never = new AbortController().signal;

Deno.test("wait() tells how far the pass is, and the end of what it told of", async () => {
  const check = new WeightsCheck(await open(tinyModel), { interval: 0 });
  const events = await Array.fromAsync(check.wait(never));
  assert.ok(events.length > 0);
  const { total } = events[0]!;
  for (const [i, event] of events.entries()) {
    assert.equal(event.total, total);
    // A busy machine may reach no further between two looks.
    assert.ok(event.done >= (events[i - 1]?.done ?? 0));
  }
  assert.equal(events.at(-1)!.done, total);
  assert.deepEqual(Object.keys((await check.result()).hashes).length, 5);
  assert.deepEqual(await Array.fromAsync(check.wait(never)), []);
});

Deno.test("wait() tells nothing of a pass that is quick, and ends without an error when it is interrupted", async () => {
  assert.deepEqual(await Array.fromAsync(new WeightsCheck(await open(tinyModel)).wait(never)), []);
  const check = new WeightsCheck(await open(tinyModel), { interval: 0 });
  assert.deepEqual(await Array.fromAsync(check.wait(AbortSignal.abort())), []);
  await check.result();
});

Deno.test("result() names weights that were replaced, to everybody who asks, and stop() ends the pass", () =>
  inTempFolder(async (folder) => {
    const { decoder } = await copyTinyModel(folder);
    const [replaced, stopped] = [new WeightsCheck(await open(folder)), new WeightsCheck(await open(folder))];
    stopped.stop();
    await assert.rejects(() => stopped.result(), { name: "AbortError" });
    await Deno.utime(join(decoder, "decoder", "diffusion_pytorch_model.safetensors"), 1, 1);
    for (let i = 0; i < 2; i++) {
      await assert.rejects(() => replaced.result(), (error) => error instanceof CheckpointError);
    }
    assert.deepEqual(await Array.fromAsync(replaced.wait(never)), []);
  }));
