import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { trainingConfig } from "../train/config.ts";
import { findEvaluationConfig, parseEvaluationConfig, readEvaluationConfig } from "./config.ts";

const backgrounds = { caption: "{caption} on {colour}", colours: { dark: "#000000" }, heldOut: { modulo: 5 } };

Deno.test("a training's configuration is an evaluation's, as it is written and with its defaults", () => {
  const training = {
    seed: 4,
    data: { path: "pictures", size: 64, flip: true, backgrounds, only: "flat$" },
    model: { resolutionMultiple: 32 },
    stageA: {
      steps: 1,
      batch: 1,
      optimiser: { name: "lion", learningRate: 1 },
      holdOut: { modulo: 20 },
    },
  };
  const written = parseEvaluationConfig(training, { file: "train.jsonc" });
  assert.deepEqual(written, parseEvaluationConfig(trainingConfig.parse(training), { file: "config.json" }));
  assert.deepEqual(written, {
    data: {
      path: "pictures",
      size: 64,
      fit: "cover",
      filter: "bicubic",
      backgrounds: { ...backgrounds, heldOut: { modulo: 5, remainder: 0 } },
      only: "flat$",
    },
    stageA: { holdOut: { modulo: 20, remainder: 0 } },
  });
});

Deno.test("a wrong configuration is refused with file and key, or line", async () => {
  await inTempFolder(async (folder) => {
    const file = join(folder, "train.jsonc");
    const refuses = async (text: string, message: RegExp) => {
      await Deno.writeTextFile(file, text);
      await assert.rejects(
        () => readEvaluationConfig(file),
        (error) => error instanceof ConfigError && message.test(error.message),
      );
    };
    await refuses(
      '{ "data": { "backgrounds": { "colours": { "red": "red" } } } }',
      /"data\.backgrounds\.colours\.red": Expected a colour/,
    );
    await refuses('{ "data":\n { "size": }', /train\.jsonc line 2: /);
    await refuses("{}", /"data"/);
    await assert.rejects(() => readEvaluationConfig(join(folder, "none")), /there is no such file; give a training's/);
  });
});

Deno.test("comments are read over, and the data set's path starts at the configuration", async () => {
  await inTempFolder(async (folder) => {
    const file = join(folder, "train.jsonc");
    await Deno.writeTextFile(file, '{\n  // drawings\n  "data": { "path": "../pictures", },\n}\n');
    assert.equal((await readEvaluationConfig(file)).data.path, join(folder, "../pictures"));
  });
});

Deno.test("a model's configuration lies beside its repositories, or beside the model in the folder of a run", async () => {
  await inTempFolder(async (folder) => {
    const model = join(folder, "model");
    await Deno.mkdir(model);
    await assert.rejects(() => findEvaluationConfig(model), /there is no train\.jsonc.*give --config FILE/);
    await Deno.writeTextFile(join(folder, "config.json"), "{}");
    assert.equal(await findEvaluationConfig(model), join(folder, "config.json"));
    const checkpoint = join(folder, "checkpoints", "stageB-0000100");
    assert.equal(await findEvaluationConfig(checkpoint), join(folder, "config.json"));
    await Deno.writeTextFile(join(model, "train.jsonc"), "{}");
    assert.equal(await findEvaluationConfig(model), join(model, "train.jsonc"));
  });
});
