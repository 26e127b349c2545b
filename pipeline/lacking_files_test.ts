import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { copyTinyModel } from "../tests/tiny_model.ts";
import { lackingFiles } from "./lacking_files.ts";

Deno.test("lackingFiles() names what a model cannot be run without, and nothing else", () =>
  inTempFolder(async (folder) => {
    const model = join(folder, "model");
    const { prior } = await copyTinyModel(model);
    const lacking = () => lackingFiles(model, { id: "org/model" });
    assert.deepEqual(await lacking(), []);
    await Deno.remove(join(prior, "tokenizer", "tokenizer.json"));
    assert.deepEqual(await lacking(), [], "vocab.json and merges.txt do as well");
    const gone = [
      join(prior, "prior", "config.json"),
      join(prior, "scheduler", "scheduler_config.json"),
    ];
    for (const path of gone) await Deno.remove(path);
    await Deno.remove(join(prior, "tokenizer", "merges.txt"));
    assert.deepEqual(await lacking(), [...gone, join(prior, "tokenizer", "tokenizer.json")]);
    for await (const { name } of Deno.readDir(join(prior, "text_encoder"))) {
      if (name !== "config.json") await Deno.remove(join(prior, "text_encoder", name));
    }
    assert.match((await lacking())[3]!, /^org\/model\/prior\/text_encoder: /);
    assert.equal((await lacking()).length, 4);
  }));

Deno.test("lackingFiles() has no opinion of models of another family", () =>
  inTempFolder(async (folder) => {
    assert.deepEqual(await lackingFiles(folder, { id: "org/bert" }), []);
    await Deno.writeTextFile(join(folder, "model_index.json"), '{"_class_name":"FluxPipeline"}');
    assert.deepEqual(await lackingFiles(folder, { id: "org/flux" }), []);
  }));
