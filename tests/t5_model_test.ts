/** A model with a T5 text encoder from its training to its exported files: nothing takes it for CLIP's on the way. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readModelConfigs } from "../cli/_model_configs.ts";
import { CheckpointError } from "../errors.ts";
import { planSizes } from "../pipeline/plan.ts";
import { exportModel } from "../pipeline/export_model.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { nativeRuntime, Session } from "../runtime/session.ts";
import { inspectModel } from "../stages/inspect.ts";
import { openTextEncoder } from "../stages/open_text_encoder.ts";
import { TextEncoderStage, tokensOf } from "../stages/text_encoder.ts";
import { drawSquares, tinyTraining } from "../train/_tiny_training.ts";
import { train } from "../train/trainer.ts";
import { inTempFolder } from "./in_temp_folder.ts";
import { assertClose } from "./read_fixture.ts";
import { copyTinyModel } from "./tiny_model.ts";

const sizes = { d_model: 12, d_kv: 4, d_ff: 16, num_heads: 3, num_layers: 2, feed_forward_proj: "gated-gelu" };
const maxLength = 8;

/** Trains a model of one step a phase whose Stage C reads T5's states. */
async function trainT5(folder: string): Promise<string> {
  const data = join(folder, "data");
  await drawSquares(data);
  const config = tinyTraining(data, {
    set: [
      `model.priorTextEncoder=${JSON.stringify({ model_type: "t5", ...sizes })}`,
      ...["stageA", "stageB", "stageC"].map((name) => `${name}.steps=1`),
    ],
  });
  await Array.fromAsync(train(config, { folder: join(folder, "run") }));
  return join(folder, "run", "model");
}

Deno.test("a model trained with a T5 text encoder paints, is described and is exported with that encoder's sizes", () =>
  inTempFolder(async (folder) => {
    const model = await trainT5(folder);
    const text = await openTextEncoder({
      folder: join(model, "prior", "text_encoder"),
      tokenizer: join(model, "prior", "tokenizer"),
    });

    await using pipeline = await loadPipeline(model);
    const { images: [image] } = await pipeline.generate({ prompt: "red square", seed: 1 });
    assert.deepEqual([image!.width, image!.height], [64, 64]);

    const { configs, rules, defaults } = await readModelConfigs(model, {});
    assert.deepEqual(configs.priorText, text.config);
    assert.deepEqual(configs.tokens, { prior: maxLength, decoder: maxLength });
    const networks = inspectModel(configs, planSizes({ width: defaults.width, height: defaults.height }, rules));
    const shown = networks.find(({ name }) => name === "prior_text_encoder")!;
    assert.deepEqual([shown.className, shown.shape], ["T5EncoderModel", [1, maxLength, sizes.d_model]]);
    const stored = [...text.checkpoint.tensors.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    assert.equal(shown.parameters, stored.reduce((a, b) => a + b, 0));

    const output = join(folder, "onnx");
    const exported = await exportModel(model, output);
    const inputs = new Map(exported.map(({ name, inputs }) => [name, inputs]));
    assert.deepEqual(inputs.get("prior_text_encoder")![0]!.shape, ["batch", maxLength]);
    const states = inputs.get("prior")!.find(({ name }) => name === "c")!;
    assert.deepEqual(states.shape, ["batch", maxLength, sizes.d_model]);

    const prompts = ["red square 0", "blue"];
    const stage = new TextEncoderStage(text, text.checkpoint, { threads: 1, runtime: nativeRuntime });
    await stage.network.load({ tokens: maxLength });
    const expected = await stage.encode(prompts);
    await stage.network.release();
    const graph = await Deno.readFile(join(output, "prior_text_encoder.onnx"));
    const session = await Session.create(graph, { threads: 1, folder: output });
    const found = await session.run(tokensOf(prompts, { ...text, folder: output }));
    await session.release();
    assertClose(found["states"]!, expected, 1e-5, "states");
  }));

Deno.test("joined text encoders are neither described nor exported, which one line says", () =>
  inTempFolder(async (folder) => {
    const { prior } = await copyTinyModel(folder);
    const config = join(prior, "text_encoder", "config.json");
    const joined = { _class_name: "JoinedTextEncoder", width: 12, encoders: ["t5"] };
    await Deno.writeTextFile(config, JSON.stringify(joined));
    for (const act of [() => readModelConfigs(folder, {}), () => exportModel(folder, join(folder, "onnx"))]) {
      await assert.rejects(act, (error: Error) => {
        assert(error instanceof CheckpointError);
        assert.match(error.message, /config\.json: "_class_name": Expected one of .* but found "JoinedTextEncoder"$/);
        return true;
      });
    }
  }));
