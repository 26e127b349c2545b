import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { copy } from "../tests/copy_folder.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { writeTinyT5 } from "../tests/tiny_t5.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { drawSquares, tinyTraining } from "./_tiny_training.ts";
import { readEncoderSizes } from "./joined_encoders.ts";
import { train } from "./trainer.ts";

/** Writes CLIP of the fixtures, with its tokenizer, and a T5 of 12 channels. */
async function writeEncoders(folder: string): Promise<string[]> {
  const [clip, t5] = [join(folder, "clip"), join(folder, "t5")];
  await copy(join(tinyModel, "wuerstchen-prior", "text_encoder"), clip);
  await copy(join(tinyModel, "wuerstchen-prior", "tokenizer"), join(clip, "tokenizer"));
  await writeTinyT5(t5);
  return [clip, t5];
}

/** Values of a tensor in a folder. */
async function valuesOf(folder: string, name: string): Promise<number[]> {
  const { data } = await (await openSafetensors(join(folder, "model.safetensors"))).read(name);
  return [...data as Float32Array];
}

Deno.test("adapters of joined encoders are trained along with Stage C, the encoders stay as they are, and the model paints", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const encoders = await writeEncoders(folder);
    const sizes = (await readEncoderSizes({ stageC: { encoders } as never }))!;
    assert.deepEqual(sizes.map(({ tokens }) => tokens), [77, 6]);
    assert.equal(sizes[1]!.width, 12);
    const config = tinyTraining(join(folder, "data"), {
      set: [
        `stageC.encoders=${JSON.stringify(encoders)}`,
        "stageA.steps=1",
        "stageB.steps=1",
        "stageC.steps=2",
        "checkpoints.keep=10",
        "model.prior.c_cond=10",
        'samples.prompts=["a red apple"]',
      ],
    });
    const run = join(folder, "run");
    for await (const _ of train(config, { folder: run }));
    const model = join(run, "model");
    const [early, late] = [join(run, "checkpoints", "stageB-0000001"), model].map((path) =>
      join(path, "prior", "text_encoder")
    );
    assert.deepEqual(JSON.parse(await Deno.readTextFile(join(late!, "config.json"))), {
      _class_name: "JoinedTextEncoder",
      width: 10,
      encoders: ["encoder_0", "encoder_1"],
    });
    for (const [i, { width }] of sizes.entries()) {
      const [before, after] = [
        await valuesOf(early!, `adapters.${i}.weight`),
        await valuesOf(late!, `adapters.${i}.weight`),
      ];
      assert.equal(after.length, 10 * width);
      assert.notDeepEqual(after, before, `adapter ${i} has learnt`);
    }
    for (const file of ["config.json", "model.safetensors", "tokenizer/tokenizer.json"]) {
      const [own, copied] = [join(encoders[1]!, file), join(late!, "encoder_1", file)];
      assert.deepEqual(await Deno.readFile(copied), await Deno.readFile(own));
    }
    await using pipeline = await loadPipeline(model, { threads: 1 });
    assert.equal(pipeline.parts.prior.text.tokens, 77 + 6);
    const { images } = await pipeline.generate({ prompt: "a (red:1.2) apple BREAK green", seed: 1, priorGuidance: 2 });
    assert.equal(images.length, 1);
  }));

Deno.test("a folder that holds no text encoder is an error that names it", () =>
  inTempFolder(async (folder) => {
    const work = readEncoderSizes({ stageC: { encoders: [folder] } as never });
    await assert.rejects(work, (error: Error) => error instanceof CheckpointError && error.message.includes(folder));
  }));
