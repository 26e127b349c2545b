import assert from "node:assert/strict";
import { join } from "node:path";
import { drawDiscs } from "../evaluation/_test_drawings.ts";
import { CheckpointError, ConfigError } from "../errors.ts";
import { builtinRegistry } from "../plugins/builtin.ts";
import { copyCompressorModel } from "../tests/compressor_model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { readExperiment } from "./experiment.ts";
import { planExperiment, toStored } from "./plan_experiment.ts";
import { runExperiment } from "./run_experiment.ts";
import { names, readRun, RunFolder } from "./run_folder.ts";
import { columnsOf, runPoints } from "./summary.ts";
import { TruePictures } from "./true_pictures.ts";

const colours = { white: "#ffffff", red: "#ff0000" };

Deno.test("metrics of sets compare with true pictures of a data set, and say with how many", () =>
  inTempFolder(async (folder) => {
    await copyCompressorModel(join(folder, "model"));
    await drawDiscs(join(folder, "discs"), { count: 3 });
    const file = join(folder, "a.json");
    const settings = { width: 64, height: 64, priorSteps: 1, decoderSteps: 1, threads: 1 };
    const data = { path: "./discs", count: 5, backgrounds: { colours } };
    const study = { model: "./model", prompt: "a disc", seeds: [1, 2], metrics: ["feature-distance"], ...settings };
    await Deno.writeTextFile(file, JSON.stringify({ ...study, data }));
    const plan = await planExperiment(await readExperiment(file), { registry: builtinRegistry() });
    await using _models = plan.models;
    const path = join(folder, "run");
    {
      using run = await RunFolder.open(path, { config: plan.experiment.config, plan: toStored(plan) });
      for await (const event of runExperiment(plan, run)) assert.notEqual(event.type, "failure");
    }
    const run = await readRun(path);
    const [column] = columnsOf(run);
    assert.equal(column!.title, "feature-distance to 5 true pictures");
    const found = column!.ofPoint(runPoints(run)[0]!)!;
    assert.ok(found.mean > 0 && Number.isFinite(found.mean) && found.count === 2, JSON.stringify(found));
    const report = await Deno.readTextFile(join(path, names.report));
    assert.ok(report.includes("feature-distance to 5 true pictures</th><td>"), "the report has the number");

    for (
      const [changes, message] of [
        [{ metrics: ["psnr"], data }, /"metrics": Expected "reference" too, the settings of what psnr compares/],
        [{}, /what feature-distance compares pictures with, .*, or "data", true pictures$/],
      ] as const
    ) {
      await Deno.writeTextFile(file, JSON.stringify({ ...study, ...changes }));
      const experiment = await readExperiment(file);
      await assert.rejects(
        () => planExperiment(experiment, { registry: builtinRegistry() }),
        (error) => error instanceof ConfigError && message.test(error.message),
      );
    }
  }));

Deno.test("true pictures are the same ones each time, and another file among them is another set", () =>
  inTempFolder(async (folder) => {
    await drawDiscs(folder, { count: 4 });
    const data = { path: folder, count: 100, fit: "cover", filter: "bicubic" } as const;
    const [first, again] = [await TruePictures.open(data), await TruePictures.open(data)];
    assert.deepEqual([first.count, first.hash], [4, again.hash]);
    await Deno.copyFile(join(folder, "1.png"), join(folder, "2.png"));
    assert.notEqual((await TruePictures.open(data)).hash, first.hash);
    await assert.rejects(() => TruePictures.open({ ...data, path: join(folder, "none") }), CheckpointError);
  }));
