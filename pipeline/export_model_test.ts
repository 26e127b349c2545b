import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { nativeRuntime, Session } from "../runtime/session.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { diffNeXtConfig } from "../networks/diffnext.ts";
import { priorConfig } from "../networks/prior.ts";
import { PriorStage } from "../stages/prior.ts";
import { loraFile, openFixtureLora } from "../tests/lora_fixture.ts";
import { openCase, openNetwork } from "../tests/network_case.ts";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { exportModel } from "./export_model.ts";

async function run(folder: string, file: string, inputs: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const session = await Session.create(await Deno.readFile(join(folder, file)), { threads: 1, folder });
  try {
    return await session.run(inputs);
  } finally {
    await session.release();
  }
}

const pick = (tensors: Record<string, Tensor>, ...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, tensors[name]!]));

Deno.test("an exported model computes what diffusers computes, with a LoRA inside where one is asked for", async () => {
  await inTempFolder(async (folder) => {
    const output = join(folder, "onnx");
    const loras = [{ file: loraFile("plain/pytorch_lora_weights.safetensors"), scale: 0.5 }];
    const told: number[] = [];
    const networks = await exportModel(tinyModel, output, {
      width: 128,
      height: 128,
      loras,
      onProgress: ({ done, total }) => told.push(done / total),
    });
    assert.ok(told.length > networks.length && told.every((part, i) => part >= (told[i - 1] ?? 0)));
    assert.equal(told.at(-1), 1);
    const names = (await Array.fromAsync(Deno.readDir(output))).map(({ name }) => name).sort();
    const files = networks.flatMap(({ file }) => [file, `${file}.data`]);
    assert.deepEqual(names, [...files, "model.json"].sort());

    const { fixture, inputs } = await openCase("prior_b1_24x24like_3x3", priorConfig);
    const { noise } = await run(output, "prior.onnx", pick(inputs, "x", "r", "c"));
    const off = (noise!.data as Float32Array).map((value, i) => Math.abs(value - fixture.tensor("out").data[i]!));
    assert(Math.max(...off) > 1e-3, "the LoRA makes a difference");
    const { config, checkpoint } = await openNetwork("repo/wuerstchen-prior/prior", priorConfig);
    const { networks: pairs, checkpoint: file } = await openFixtureLora("plain/pytorch_lora_weights.safetensors");
    const stage = new PriorStage(config, checkpoint, {
      threads: 1,
      runtime: nativeRuntime,
      loras: [{ pairs: pairs.get("prior")!, scale: 0.5, checkUnchanged: file.checkUnchanged }],
    });
    await stage.network.load({ height: 3, width: 3, tokens: 77 });
    const { noise: expected } = await stage.network.run(pick(inputs, "x", "r", "c"));
    await stage.network.release();
    assertClose(noise!, expected!, 1e-4, "noise");

    const decoder = await openCase("decoder_b1_3x3_32x32", diffNeXtConfig);
    const { noise: painted } = await run(output, "decoder.onnx", pick(decoder.inputs, "x", "r", "effnet", "clip"));
    assertClose(painted!, decoder.fixture.tensor("out"), decoder.fixture.atol("out"), "decoder");

    const text = readFixture("networks/text_encoder_decoder");
    const { states } = await run(output, "decoder_text_encoder.onnx", {
      ids: text.tensor("input_ids"),
      mask: text.tensor("attention_mask"),
    });
    assertClose(states!, text.tensor("last_hidden_state"), text.atol("last_hidden_state"), "states");
  });
});

Deno.test("an exported graph has the standard's operators alone, and its weights lie where any system can map them", async () => {
  await inTempFolder(async (folder) => {
    const output = join(folder, "onnx");
    const networks = await exportModel("emoji", output);
    const prior = networks.find(({ name }) => name === "prior")!;
    assert.deepEqual(prior.inputs.map(({ name }) => name), ["x", "r", "c"]);
    assert.equal(prior.inputs[0]!.shape[0], "batch");
    for (const { file, bytes } of networks) {
      const text = new TextDecoder("latin1").decode(await Deno.readFile(join(output, file)));
      assert(!text.includes("com.microsoft"), file);
      assert.equal((await Deno.stat(join(output, `${file}.data`))).size, bytes);
    }
    const about = JSON.parse(await Deno.readTextFile(join(output, "model.json")));
    assert.deepEqual(about.image, { width: 128, height: 128 });
    await assert.rejects(exportModel("emoji", output), ConfigError);
  });
});
