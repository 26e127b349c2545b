/**
 * LoRAs on whole networks: files of PEFT and kohya against what diffusers computes with them.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { clipText, clipTextConfig } from "../networks/clip_text.ts";
import { diffNeXtConfig, wuerstchenDiffNeXt } from "../networks/diffnext.ts";
import { priorConfig } from "../networks/prior.ts";
import { type Binding, encodeModel, graph, input, type Parameter, type Value } from "../onnx/mod.ts";
import { nativeRuntime, Session } from "../runtime/session.ts";
import { DecoderStage } from "../stages/decoder.ts";
import { PriorStage } from "../stages/prior.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { type AppliedLora, applyLoras } from "../weights/apply_lora.ts";
import { bindCheckpoint } from "../weights/bind.ts";
import { openLora } from "../weights/lora.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { inTempFolder } from "./in_temp_folder.ts";
import { loraFile, openFixtureLora, tinyNetworks } from "./lora_fixture.ts";
import { openCase, openNetwork } from "./network_case.ts";
import { assertClose, type Fixture, readFixture } from "./read_fixture.ts";
import { inputsLike, runGraph } from "./run_graph.ts";
import { waves } from "./wave_weights.ts";

const peft = "pytorch_lora_weights.safetensors";

async function appliedLora(path: string, { scale = 1 } = {}): Promise<AppliedLora> {
  const { networks, checkpoint } = await openFixtureLora(path);
  return { pairs: networks.get("prior")!, scale, checkUnchanged: checkpoint.checkUnchanged };
}

/** The tiny prior's noise for the inputs of a case. */
async function predict(fixture: Fixture, loras: readonly AppliedLora[]): Promise<Tensor> {
  const { config, checkpoint } = await openNetwork("repo/wuerstchen-prior/prior", priorConfig);
  const stage = new PriorStage(config, checkpoint, { threads: 1, runtime: nativeRuntime, loras });
  await stage.network.load({ height: 3, width: 4, tokens: 77 });
  const [x, r, c] = ["x", "r", "c"].map((name) => fixture.tensor<"float32">(name));
  const { noise } = await stage.network.run({ x: x!, r: r!, c: c! });
  await stage.network.release();
  return noise!;
}

/** The tiny text encoder's states for the inputs of a case. */
async function encode(fixture: Fixture, lora: string): Promise<Tensor> {
  const { config, checkpoint } = await openNetwork("repo/wuerstchen-prior/text_encoder", clipTextConfig);
  const [ids, mask] = ["ids", "mask"].map((name) => input(name, "int64", fixture.tensor(name).shape));
  const plain = graph({ outputs: { states: clipText(config, { ids: ids!, mask: mask! }).lastHiddenState } });
  const { networks } = await openFixtureLora(lora);
  const changed = applyLoras(plain, [{ pairs: networks.get("prior_text_encoder")!, scale: 1 }]);
  const { folder, bind } = bindCheckpoint(new Map([...checkpoint.tensors, ...changed.tensors]));
  const session = await Session.create(encodeModel(changed.graph, bind), { threads: 1, folder });
  const { states } = await session.run({ ids: fixture.tensor("ids"), mask: fixture.tensor("mask") });
  await session.release();
  return states!;
}

for (const name of ["plain", "with_alpha_metadata"]) {
  Deno.test(`${name}: the prior is what PEFT makes of it, at any scale`, async () => {
    const fixture = readFixture(`../lora/${name}`);
    assertClose(await predict(fixture, []), fixture.tensor("out.base"), fixture.atol("out.base"), "out.base");
    for (const scale of [0, 0.5, 1]) {
      const expected = `out.scale${scale.toFixed(1)}`;
      const noise = await predict(fixture, [await appliedLora(`${name}/${peft}`, { scale })]);
      assertClose(noise, fixture.tensor(expected), fixture.atol(expected), expected);
    }
  });
}

for (const [name, file] of [["everything", peft], ["kohya", "lora.safetensors"]] as const) {
  Deno.test(`${name}: prior and text encoder are what PEFT and torch make of them`, async () => {
    const fixture = readFixture(`../lora/${name}`);
    const path = `${name}/${file}`;
    assertClose(await predict(fixture, [await appliedLora(path)]), fixture.tensor("out"), fixture.atol("out"), "out");
    assertClose(await encode(fixture, path), fixture.tensor("states"), fixture.atol("states"), "states");
  });
}

Deno.test("keys of the decoder change Stage B, kernels included, as weights that were summed beforehand do", () =>
  inTempFolder(async (folder) => {
    const { config, checkpoint, inputs } = await openCase("decoder_b1_3x3_32x32", diffNeXtConfig);
    const path = join(folder, "lora.safetensors");
    const modules = ["down_blocks.1.1.channelwise.4", "effnet_mappers.1", "down_blocks.1.0.1"];
    const factors: Record<string, Tensor<"float32">> = {};
    const summed = Object.fromEntries(
      await Promise.all([...checkpoint.tensors.keys()].map(async (key) => [key, await checkpoint.read(key)] as const)),
    ) as Record<string, Tensor<"float32">>;
    for (const [phase, module] of modules.entries()) {
      const { shape, data } = summed[`${module}.weight`]!;
      const [o, ...rest] = shape;
      const up = waves([o!, 2, ...rest.slice(1).map(() => 1)], { base: 0, scale: 0.2, phase });
      const down = waves([2, ...rest], { base: 0, scale: 0.2, phase });
      const columns = sizeOf(rest);
      const sum = data.map((value, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        return value +
          0.5 * (up.data[2 * row]! * down.data[column]! + up.data[2 * row + 1]! * down.data[columns + column]!);
      });
      summed[`${module}.weight`] = tensor("float32", shape, sum);
      Object.assign(factors, { [`decoder.${module}.lora_A.weight`]: down, [`decoder.${module}.lora_B.weight`]: up });
    }
    await writeSafetensors(path, factors);
    const lora = await openLora(path, await tinyNetworks());
    assert.deepEqual([...lora.networks.keys()], ["decoder"]);
    const { checkUnchanged } = lora.checkpoint;
    const stage = new DecoderStage(config, checkpoint, {
      threads: 1,
      runtime: nativeRuntime,
      loras: [{ pairs: lora.networks.get("decoder")!, scale: 0.5, checkUnchanged }],
    });
    const { x, r, effnet, clip } = inputsLike(inputs) as Record<"x" | "r" | "effnet" | "clip", Value>;
    await stage.network.load({
      height: x.size(2),
      width: x.size(3),
      embedding: { height: effnet.size(2), width: effnet.size(3) },
      tokens: clip.size(1),
    });
    const { noise } = await stage.network.run(inputs);
    await stage.network.release();
    const plain = { noise: wuerstchenDiffNeXt(config, { x, r, effnet, clip }) };
    const expected = await runGraph(plain, { inputs, weights: summed });
    const without = await runGraph(plain, { inputs, weights: checkpoint });
    assertClose(noise!, expected["noise"]!, 2e-4, "noise");
    const effect = (noise!.data as Float32Array).map((value, i) => Math.abs(value - Number(without["noise"]!.data[i])));
    assert.ok(Math.max(...effect) > 0.1, `${Math.max(...effect)}`);
  }));

Deno.test("several LoRAs add up: twice at a half is once, against itself is nothing", async () => {
  const fixture = readFixture("../lora/plain");
  const [half, back] = await Promise.all([0.5, -0.5].map((scale) => appliedLora(`plain/${peft}`, { scale })));
  const twice = await predict(fixture, [half!, half!]);
  assertClose(twice, fixture.tensor("out.scale1.0"), fixture.atol("out.scale1.0"), "out.scale1.0");
  const nothing = await predict(fixture, [half!, back!]);
  assertClose(nothing, fixture.tensor("out.base"), fixture.atol("out.base"), "out.base");
});

Deno.test("the model holds none of a LoRA's numbers: all are ranges of its file", async () => {
  const { config, checkpoint } = await openNetwork("repo/wuerstchen-prior/prior", priorConfig);
  const plain = new PriorStage(config, checkpoint).network.graph({ height: 3, width: 4, tokens: 77 });
  const { pairs } = await appliedLora(`plain/${peft}`);
  const { graph: changed, tensors } = applyLoras(plain, [{ pairs, scale: 1 }]);
  const { bind } = bindCheckpoint(new Map([...checkpoint.tensors, ...tensors]));
  const bound = new Map<string, Binding>();
  const keep = (parameter: Parameter) => {
    const binding = bind(parameter);
    bound.set(parameter.key, binding);
    return binding;
  };
  encodeModel(changed, keep);
  assert.equal(tensors.size, 32);
  for (const [key, { start }] of tensors) {
    const location = `lora/plain/${peft}`;
    assert.deepEqual(bound.get(key), { kind: "external", dtype: "float32", location, offset: start });
  }
});

Deno.test("a LoRA that is replaced or removed while the model is open is told", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "lora.safetensors");
    await Deno.copyFile(loraFile(`plain/${peft}`), path);
    const opened = await openLora(path, await tinyNetworks());
    const { config, checkpoint } = await openNetwork("repo/wuerstchen-prior/prior", priorConfig);
    const { checkUnchanged } = opened.checkpoint;
    const lora = { pairs: opened.networks.get("prior")!, scale: 1, checkUnchanged };
    const stage = new PriorStage(config, checkpoint, { threads: 1, runtime: nativeRuntime, loras: [lora] });
    // It lies far from the model, and still both are mapped.
    await stage.network.load({ height: 3, width: 4, tokens: 77 });
    await stage.network.release();
    await Deno.copyFile(loraFile(`with_alpha_metadata/${peft}`), path);
    await assert.rejects(
      stage.network.load({ height: 3, width: 4, tokens: 77 }),
      new CheckpointError(`${path}: the file has changed while it was in use; open it again`),
    );
    await Deno.remove(path);
    await assert.rejects(
      stage.network.load({ height: 3, width: 4, tokens: 77 }),
      new CheckpointError(`${path}: there is no such file`),
    );
  }));
