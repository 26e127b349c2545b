import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { hideHome } from "../files/home_path.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { loraFile, openFixtureLora } from "../tests/lora_fixture.ts";
import { quick, tinyModel } from "../tests/tiny_model.ts";
import { tensor } from "../tensor/tensor.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { formatLoras, type LoraChoice, loraIdentity, lorasOf, repeatLoras } from "./loras.ts";
import { readPictureMetadata } from "./metadata.ts";
import { loadPipeline } from "./pipeline.ts";

const plain = loraFile("plain/pytorch_lora_weights.safetensors");
const everything = loraFile("everything/pytorch_lora_weights.safetensors");

async function paint(loras: readonly LoraChoice[]) {
  await using pipeline = await loadPipeline(tinyModel, { loras, threads: 1 });
  return await pipeline.generate({
    ...quick,
    width: 64,
    height: 64,
    priorSteps: 1,
    decoderSteps: 1,
    prompt: "a red apple",
    seed: 1,
  });
}

const sha256 = async (path: string) => createHash("sha256").update(await Deno.readFile(path)).digest("hex");

Deno.test("a LoRA changes the picture, at scale 0 not at all, and the picture says so", async () => {
  const [without, nothing, once] = [
    await paint([]),
    await paint([{ file: plain, scale: 0 }]),
    await paint([{ file: plain }]),
  ];
  assert.deepEqual(nothing.images[0]!.data, without.images[0]!.data);
  assert.notDeepEqual(once.images[0]!.data, without.images[0]!.data);
  assert.equal(without.model.loras, undefined);
  const bytes = await once.images[0]!.png();
  const { model } = readPictureMetadata(bytes);
  assert.deepEqual(model.loras, [{
    name: await hideHome(plain),
    scale: 1,
    hash: await sha256(plain),
    networks: ["prior"],
  }]);
  assert.deepEqual(model.weights, without.model.weights);
  const text = new TextDecoder().decode(bytes);
  assert.ok(text.includes(`LoRA: ${JSON.stringify(`${basename(plain)}:1`)}`));
});

Deno.test("several LoRAs are added in their order, text encoder included", async () => {
  await using pipeline = await loadPipeline(tinyModel, {
    threads: 1,
    loras: [{ file: everything, scale: 0.1 }, { file: plain, scale: -0.5 }],
  });
  const counts = (network: "prior" | "prior_text_encoder" | "decoder") =>
    lorasOf(pipeline.parts.loras, network).map(({ pairs, scale }) => [pairs.size, scale]);
  assert.deepEqual(counts("prior"), [[36, 0.1], [16, -0.5]]);
  assert.deepEqual(counts("prior_text_encoder"), [[9, 0.1]]);
  assert.deepEqual(counts("decoder"), []);
  const { text, stage } = pipeline.parts.prior;
  assert.equal(text.network.options.loras?.length, 1);
  assert.equal(stage.network.options.loras?.length, 2);
  assert.equal(pipeline.parts.decoder.text.network.options.loras, undefined);
  const { loras } = await pipeline.identity();
  assert.deepEqual(loras?.map(({ networks }) => networks), [["prior", "prior_text_encoder"], ["prior"]]);
  assert.equal(formatLoras(loras!), `${await hideHome(everything)}:0.1, ${await hideHome(plain)}:-0.5`);
});

Deno.test("a LoRA that is missing, of another model, or far too strong is refused when the model is opened", async () => {
  const load = (lora: LoraChoice) => loadPipeline(tinyModel, { loras: [lora] });
  await assert.rejects(load({ file: "no.safetensors" }), new CheckpointError("no.safetensors: there is no such file"));
  await assert.rejects(load({ file: tinyModel }), /expected a safetensors file but found a folder/);
  await assert.rejects(loadPipeline("emoji", { loras: [{ file: plain }] }), CheckpointError);
  for (const scale of [101, -Infinity, NaN]) {
    await assert.rejects(
      load({ file: plain, scale }),
      new ConfigError(`Expected the scale of the LoRA ${plain} to be from -100 to 100 but found ${scale}`),
    );
  }
});

Deno.test("NaN in a LoRA is found with the model's own weights, naming file and tensor", () =>
  inTempFolder(async (folder) => {
    const file = join(folder, "lora.safetensors");
    const module = "prior.blocks.2.attention.to_q";
    await writeSafetensors(file, {
      [`${module}.lora_A.weight`]: tensor("float32", [1, 48], new Float32Array(48).fill(NaN)),
      [`${module}.lora_B.weight`]: tensor("float32", [48, 1]),
    });
    await using pipeline = await loadPipeline(tinyModel, { loras: [{ file }] });
    await assert.rejects(
      pipeline.checkWeights(),
      (error: Error) => error.message.includes(`${file}: ${module}.lora_A.weight`),
    );
  }));

Deno.test("LoRAs of an earlier run are found again, or named where they are gone", async () => {
  const opened = { scale: 0.5, lora: await openFixtureLora("plain/pytorch_lora_weights.safetensors") };
  const identity = await loraIdentity(opened, "abc");
  assert.deepEqual(await repeatLoras([identity], { of: "a.png" }), [{ file: plain, scale: 0.5 }]);
  await assert.rejects(
    repeatLoras([identity, { ...identity, name: `${plain}.gone` }], { of: "a.png" }),
    new CheckpointError(
      `a.png: was made with the LoRA "${plain}.gone" (sha256 "abc"), which is not there: name one in its place`,
    ),
  );
});

Deno.test("a LoRA that has moved is found beside the picture, and one of the right bytes before one that has changed", () =>
  inTempFolder(async (folder) => {
    const [then, beside] = [join(folder, "then"), join(folder, "beside")];
    await Promise.all([then, beside].map((path) => Deno.mkdir(path)));
    const identity = { name: join(then, "ink.safetensors"), scale: 1, hash: await sha256(plain), networks: ["prior"] };
    const found = async () => (await repeatLoras([identity], { of: join(beside, "a.png") }))[0]!.file;
    await Deno.copyFile(plain, join(beside, "ink.safetensors"));
    assert.equal(await found(), join(beside, "ink.safetensors"));
    await Deno.copyFile(everything, identity.name);
    assert.equal(await found(), join(beside, "ink.safetensors"));
    await Deno.remove(join(beside, "ink.safetensors"));
    assert.equal(await found(), identity.name);
    await Deno.copyFile(plain, identity.name);
    assert.equal(await found(), identity.name);
  }));
