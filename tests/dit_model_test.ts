/** A model whose Stage C is the transformer, from its training to its exported files: nothing takes it for Würstchen's own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readModelConfigs } from "../cli/_model_configs.ts";
import { exportModel } from "../pipeline/export_model.ts";
import { convertModel } from "../pipeline/convert_model.ts";
import { planSizes } from "../pipeline/plan.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { inspectModel } from "../stages/inspect.ts";
import { drawSquares, tinyTraining } from "../train/_tiny_training.ts";
import { train } from "../train/trainer.ts";
import { readJson } from "../weights/read_json.ts";
import { inTempFolder } from "./in_temp_folder.ts";

const dit = { _class_name: "WuerstchenDiTPrior", c: 16, c_r: 8, depth: 2, nhead: 2 };

async function picture(model: string, how: { loras?: { file: string }[] } = {}): Promise<Uint8Array> {
  await using pipeline = await loadPipeline(model, how);
  const { images: [image] } = await pipeline.generate({ prompt: "red square", seed: 1 });
  return image!.data as Uint8Array;
}

Deno.test("a model trained with a transformer as Stage C paints, goes on learning, takes a LoRA and is exported", () =>
  inTempFolder(async (folder) => {
    const data = join(folder, "data");
    await drawSquares(data);
    const short = ["stageA", "stageB", "stageC"].map((name) => `${name}.steps=1`);
    const first = tinyTraining(data, { set: [`model.prior=${JSON.stringify(dit)}`, "stageC.average=0", ...short] });
    await Array.fromAsync(train(first, { folder: join(folder, "run") }));
    const model = join(folder, "run", "model");
    const written = await readJson(join(model, "prior", "prior", "config.json"));
    assert.deepEqual([written["_class_name"], written["depth"]], ["WuerstchenDiTPrior", 2]);
    const index = await readJson(join(model, "prior", "model_index.json"));
    assert.deepEqual(index["prior"], ["wuerstchen", "WuerstchenDiTPrior"]);
    const plain = await picture(model);

    const { configs, rules, defaults } = await readModelConfigs(model, {});
    const shown = inspectModel(configs, planSizes({ width: defaults.width, height: defaults.height }, rules))
      .find(({ name }) => name === "prior")!;
    assert.equal(shown.className, "WuerstchenDiTPrior");
    assert.deepEqual(shown.shape, [1, 4, 2, 2]);

    const exported = await exportModel(model, join(folder, "onnx"));
    assert.ok(exported.some(({ name }) => name === "prior"));
    await convertModel(model, join(folder, "copy"), { dtype: "float32" });
    assert.deepEqual(await picture(join(folder, "copy")), plain);

    const { stageA: _, stageB: __, ...rest } = tinyTraining(data, {
      set: [
        `start=${JSON.stringify(model)}`,
        "model.prior={}",
        "stageC.steps=2",
        'stageC.lora={"rank":2,"targets":"out.projection"}',
        "stageC.optimiser.learningRate=0.05",
      ],
    });
    await Array.fromAsync(train(rest as never, { folder: join(folder, "lora") }));
    const changed = await picture(model, { loras: [{ file: join(folder, "lora", "lora.safetensors") }] });
    assert.ok(changed.some((value, i) => value !== plain[i]), "the LoRA changes nothing");
  }));
