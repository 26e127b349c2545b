/**
 * LoRAs on whole networks: files of PEFT and kohya against what diffusers computes with them.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { clipText, clipTextConfig } from "../networks/clip_text.ts";
import { priorConfig } from "../networks/prior.ts";
import { type Binding, encodeModel, graph, input, type Parameter } from "../onnx/mod.ts";
import { Session } from "../runtime/session.ts";
import { PriorStage } from "../stages/prior.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type AppliedLora, applyLoras } from "../weights/apply_lora.ts";
import { bindCheckpoint } from "../weights/bind.ts";
import { openLora } from "../weights/lora.ts";
import { inTempFolder } from "./in_temp_folder.ts";
import { loraFile, openFixtureLora, tinyNetworks } from "./lora_fixture.ts";
import { openNetwork } from "./network_case.ts";
import { assertClose, type Fixture, readFixture } from "./read_fixture.ts";

const peft = "pytorch_lora_weights.safetensors";

async function appliedLora(path: string, { scale = 1 } = {}): Promise<AppliedLora> {
  const { networks, checkpoint } = await openFixtureLora(path);
  return { pairs: networks.get("prior")!, scale, checkUnchanged: checkpoint.checkUnchanged };
}

/** The tiny prior's noise for the inputs of a case. */
async function predict(fixture: Fixture, loras: readonly AppliedLora[]): Promise<Tensor> {
  const { config, checkpoint } = await openNetwork("repo/wuerstchen-prior/prior", priorConfig);
  const stage = new PriorStage(config, checkpoint, { threads: 1, loras });
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
    const stage = new PriorStage(config, checkpoint, { threads: 1, loras: [lora] });
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
