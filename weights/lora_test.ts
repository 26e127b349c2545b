import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { loraFile, openFixtureLora } from "../tests/lora_fixture.ts";
import { type DType, type Tensor, tensor } from "../tensor/tensor.ts";
import type { StoredTensor } from "./checkpoint.ts";
import { openLora } from "./lora.ts";
import { type NamedTensors, writeSafetensors } from "./safetensors_writer.ts";

const shapes = {
  "out.1.weight": [8, 6, 1, 1],
  "cond.0.weight": [6, 4],
  "cond.0.bias": [6],
  "deep.weight": [6, 1, 3, 3],
};
const prior = new Map(
  Object.entries(shapes).map(([key, shape]): [string, StoredTensor] => [
    key,
    { dtype: "float32", shape, file: "/prior", start: 0, length: 0 },
  ]),
);

const zeros = (shape: readonly number[], dtype: DType = "float32"): Tensor => tensor(dtype, shape);
const number = (value: number) => tensor("float32", [], Float32Array.of(value));

async function open(
  tensors: NamedTensors,
  { metadata = {}, config }: { metadata?: Record<string, string>; config?: unknown } = {},
) {
  let opened: Awaited<ReturnType<typeof openLora>> | undefined;
  await inTempFolder(async (folder) => {
    const path = join(folder, "lora.safetensors");
    await writeSafetensors(path, tensors, { metadata });
    if (config !== undefined) await Deno.writeTextFile(join(folder, "adapter_config.json"), JSON.stringify(config));
    try {
      opened = await openLora(path, { prior });
    } catch (error) {
      // Paths of temporary folders differ from run to run.
      if (error instanceof Error) error.message = error.message.replaceAll(path, "FILE").replaceAll(folder, "FOLDER");
      throw error;
    }
  });
  return opened!;
}

const scalesOf = async (...given: Parameters<typeof open>) => {
  const { networks } = await open(...given);
  return Object.fromEntries([...networks.get("prior")!].map(([key, { scale }]) => [key, scale]));
};

const pair = (name: string, [a, b] = ["lora_A", "lora_B"]) => ({
  [`${name}.${a}.weight`]: zeros([2, 4]),
  [`${name}.${b}.weight`]: zeros([6, 2]),
});

const fails = (given: Promise<unknown>, message: string) => assert.rejects(given, new CheckpointError(message));

Deno.test("a file of diffusers is found by its keys, alpha and all", async () => {
  const { networks, checkpoint } = await openFixtureLora("with_alpha_metadata/pytorch_lora_weights.safetensors");
  assert.deepEqual([...networks.keys()], ["prior"]);
  const pairs = networks.get("prior")!;
  assert.equal(pairs.size, 16);
  const { down, up, scale } = pairs.get("blocks.2.attention.to_out.0.weight")!;
  assert.deepEqual([down.shape, up.shape, scale], [[4, 48], [48, 4], 2]);
  assert.deepEqual(checkpoint.files, [loraFile("with_alpha_metadata/pytorch_lora_weights.safetensors")]);
});

Deno.test("one file changes several networks, ranks and alphas differ by layer", async () => {
  const { networks } = await openFixtureLora("everything/pytorch_lora_weights.safetensors");
  const counts = [...networks].map(([name, pairs]) => `${name} ${pairs.size}`);
  assert.deepEqual(counts, ["prior 36", "prior_text_encoder 9"]);
  const scale = (key: string) => networks.get("prior")!.get(key)!.scale;
  assert.equal(scale("blocks.0.channelwise.0.weight"), 3 / 2);
  assert.equal(scale("blocks.2.attention.to_q.weight"), 3 / 1);
  assert.equal(scale("blocks.2.attention.to_v.weight"), 5 / 2);
  assert.equal(scale("out.1.weight"), 3 / 3);
  assert.equal(scale("projection.weight"), 1 / 2);
  const fc1 = networks.get("prior_text_encoder")!.get("text_model.encoder.layers.0.mlp.fc1.weight")!;
  assert.equal(fc1.scale, 3 / Math.sqrt(2));
});

Deno.test("alpha is a tensor's, else the metadata's, else the rank", async () => {
  const metadata = { lora_adapter_metadata: JSON.stringify({ "prior.lora_alpha": 6 }) };
  assert.deepEqual(await scalesOf(pair("prior.cond.0")), { "cond.0.weight": 1 });
  assert.deepEqual(await scalesOf(pair("prior.cond.0"), { metadata }), { "cond.0.weight": 3 });
  const flat = pair("lora_unet_cond_0", ["lora_down", "lora_up"]);
  assert.deepEqual(await scalesOf(flat), { "cond.0.weight": 1 });
  for (
    const alpha of [
      number(3),
      tensor("float16", [1], Float16Array.of(3)),
      tensor("bfloat16", [], Uint16Array.of(0x4040)),
      tensor("int64", [], BigInt64Array.of(3n)),
    ]
  ) {
    assert.deepEqual(await scalesOf({ ...flat, "lora_unet_cond_0.alpha": alpha }), { "cond.0.weight": 1.5 });
  }
  assert.deepEqual(await scalesOf({ ...pair("prior.cond.0"), "prior.cond.0.alpha": number(1) }, { metadata }), {
    "cond.0.weight": 0.5,
  });
});

Deno.test("keys of PEFT itself need adapter_config.json, which has their alpha", async () => {
  const tensors = pair("base_model.model.cond.0");
  assert.deepEqual(await scalesOf(tensors, { config: { peft_type: "LORA", lora_alpha: 1 } }), { "cond.0.weight": 0.5 });
  await fails(
    open(tensors),
    "FILE: its keys are PEFT's, which keeps alpha in a file beside it: FOLDER/adapter_config.json: there is no such file",
  );
});

Deno.test("a linear layer's factors fit a 1×1 convolution", async () => {
  const convolution = {
    "prior.out.1.lora_A.weight": zeros([3, 6, 1, 1]),
    "prior.out.1.lora_B.weight": zeros([8, 3, 1, 1]),
  };
  const linear = { "prior.out.1.lora_A.weight": zeros([1, 6]), "prior.out.1.lora_B.weight": zeros([8, 1]) };
  for (const tensors of [convolution, linear]) assert.deepEqual(await scalesOf(tensors), { "out.1.weight": 1 });
});

Deno.test("keys that match nothing are named", async () => {
  await fails(
    open({ ...pair("prior.cond.0"), ...pair("prior.cond.1"), "prior.cond.0.bias": zeros([6]) }),
    'FILE: keys that match nothing of this model: "prior.cond.0.bias", "prior.cond.1.lora_A.weight", ' +
      '"prior.cond.1.lora_B.weight"; is it a LoRA of it?',
  );
  await fails(open({}), "FILE: there is no tensor in it");
});

Deno.test("a text encoder's keys are refused by name where the model's text encoder may not be changed", async () => {
  await fails(
    open(pair("text_encoder.text_model.encoder.layers.0.self_attn.q_proj")),
    "FILE: keys that match nothing of this model: " +
      '"text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight", ' +
      '"text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_B.weight"; is it a LoRA of it?',
  );
});

Deno.test("other kinds of adapters are refused by name", async () => {
  await fails(
    open({ ...pair("lora_unet_cond_0", ["lora_down", "lora_up"]), "lora_unet_cond_0.dora_scale": zeros([6, 1]) }),
    'FILE: "lora_unet_cond_0.dora_scale" belongs to DoRA, which is not supported',
  );
});

Deno.test("half a pair is named", async () => {
  await fails(
    open({ "prior.cond.0.lora_A.weight": zeros([2, 4]) }),
    'FILE: "prior.cond.0.lora_A.weight" has no up part beside it',
  );
  await fails(
    open({ "prior.cond.0.lora_B.weight": zeros([6, 2]) }),
    'FILE: "prior.cond.0.lora_B.weight" has no down part beside it',
  );
  await fails(
    open({ "lora_unet_cond_0.alpha": number(1) }),
    'FILE: "lora_unet_cond_0.alpha" has no down part beside it',
  );
});

Deno.test("two tensors for the same part of a weight are named", async () => {
  await fails(
    open({ ...pair("prior.cond.0"), "lora_unet_cond_0.lora_down.weight": zeros([2, 4]) }),
    'FILE: "lora_unet_cond_0.lora_down.weight" and "prior.cond.0.lora_A.weight" are the same part of one weight',
  );
});

Deno.test("factors that do not fit the weight are named with all shapes", async () => {
  const wrong = (name: string, { down, up }: { down: number[]; up: number[] }) =>
    open({ [`prior.${name}.lora_A.weight`]: zeros(down), [`prior.${name}.lora_B.weight`]: zeros(up) });
  await fails(
    wrong("cond.0", { down: [2, 5], up: [6, 2] }),
    'FILE: "prior.cond.0.lora_A.weight" is [2, 5] and "prior.cond.0.lora_B.weight" is [6, 2], but "cond.0.weight" is [6, 4] ' +
      "and needs [r, 4] and [6, r]",
  );
  for (
    const shapes of [{ down: [2, 4], up: [5, 2] }, { down: [2, 4], up: [6, 3] }, { down: [2, 2, 2], up: [6, 2] }, {
      down: [8],
      up: [6, 2],
    }]
  ) {
    await assert.rejects(wrong("cond.0", shapes), /is \[6, 4\] and needs/);
  }
  // PEFT's factors of a depthwise convolution mix all channels: no weight is their sum.
  await assert.rejects(
    wrong("deep", { down: [6, 6, 3, 3], up: [6, 1, 1, 1] }),
    /and needs \[r, 1, 3, 3\] and \[6, r\]/,
  );
});

Deno.test("factors and alphas must be numbers of their kind", async () => {
  await fails(
    open({ "prior.cond.0.lora_A.weight": zeros([2, 4], "int32"), "prior.cond.0.lora_B.weight": zeros([6, 2]) }),
    'FILE: "prior.cond.0.lora_A.weight" is int32 and no floating-point number',
  );
  for (const [alpha, found] of [[zeros([2]), "[2] of float32"], [number(NaN), "[] of float32"]] as const) {
    await fails(
      open({ ...pair("prior.cond.0"), "prior.cond.0.alpha": alpha }),
      `FILE: "prior.cond.0.alpha": expected one finite number but found ${found}`,
    );
  }
});
