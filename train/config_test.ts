import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyTraining } from "./_tiny_training.ts";
import { checkTrainingConfig, parseTrainingConfig, readTrainingConfig } from "./config.ts";

function refused(text: string, set: string[] = []): string {
  let message = "";
  assert.throws(() => parseTrainingConfig(text, { file: "x.jsonc", set }), (error: Error) => {
    message = error.message;
    return error.name === "ConfigError";
  });
  assert.ok(!message.includes("\n"));
  return message;
}

const phase = `"steps": 4, "batch": 3, "optimiser": { "name": "adamw", "learningRate": 1e-3 }`;
const good = `{
  // pictures
  "data": { "path": "pictures", "size": 64 },
  "stageA": { ${phase}, },
}`;

Deno.test("a configuration is JSON with comments and trailing commas, and gets its defaults", () => {
  const config = parseTrainingConfig(good, { file: "x.jsonc" });
  assert.equal(config.stageA!.schedule.kind, "cosine");
  assert.deepEqual(config.checkpoints, { every: 1000, keep: 2 });
});

Deno.test("paths are relative to the configuration's own folder", () =>
  inTempFolder(async (folder) => {
    const file = join(folder, "x.jsonc");
    await Deno.writeTextFile(file, good.replace("{", '{ "start": { "prior": "a", "decoder": "../b" },'));
    const { data, start } = await readTrainingConfig(file);
    assert.equal(data.path, join(folder, "pictures"));
    assert.deepEqual(start, { prior: join(folder, "a"), decoder: join(folder, "../b") });
  }));

Deno.test("--set changes a setting, as JSON or else as text, and makes objects on the way", () => {
  const set = ["stageA.steps=7", "data.only=red", "stageA.loss.absolute=0.5", "data.size=32"];
  const { data, stageA } = parseTrainingConfig(good, { file: "x.jsonc", set });
  assert.deepEqual([stageA!.steps, data.only, stageA!.loss.absolute, data.size], [7, "red", 0.5, 32]);
});

Deno.test("an unknown setting is refused with its line or change, and the one that may have been meant", () => {
  assert.equal(
    refused(good.replace('"steps"', '"stpes"')),
    'x.jsonc line 4: "stageA.steps" is missing: Expected a number (and 1 more)',
  );
  assert.equal(
    refused(good, ["stageA.stpes=3"]),
    '--set stageA.stpes=3: "stageA.stpes": there is no such setting; did you mean "steps"?',
  );
  assert.match(
    refused(good.replace('"path"', '"chanels": 1, "path"')),
    /^x\.jsonc line 3: .*did you mean "channels"\?$/,
  );
  assert.match(refused(good, ["stageA.optimiser.learningrate=1"]), /did you mean "learningRate"\?/);
  assert.match(refused(good, ["model.defaults.steps=3"]), /there are width, height, prior_steps/);
  assert.match(refused(good, ["stageZ=1"]), /"stageZ": there is no such setting; did you mean "stageA"\?/);
});

Deno.test("a wrong value is refused with what was expected and what was found", () => {
  const cases: [string, RegExp][] = [
    ["stageA.steps=0", /"stageA\.steps": Expected a number greater than 0 but found 0/],
    ["stageA.steps=many", /Expected a number but found "many"/],
    ["stageA.steps=1.5", /Expected a whole number but found 1\.5/],
    ["data.size=big", /"data\.size": Expected a number or an object { … } but found "big"/],
    ['data.size={"width":3,"height":64}', /"data\.size\.width": Expected a number of at least 8 but found 3/],
    ["stageA.optimiser.name=adam", /Expected one of "adamw", "sgd", "lion" but found "adam"; did you mean "adamw"/],
    ["stageA.schedule.kind=cosin", /Expected one of "constant", "cosine" but found "cosin"; did you mean "cosine"/],
    [
      "stageA.schedule.warmUp=4",
      /"stageA\.schedule\.warmUp": Expected fewer than the 4 steps of the phase but found 4/,
    ],
    ["data.only=(", /"data\.only": Expected a regular expression/],
    ['samples.prompts=["a\\u0000"]', /"samples\.prompts\.0": .*NUL/],
    ['stageA.holdOut={"modulo":3,"remainder":3}', /"stageA\.holdOut\.remainder": Expected a number below modulo/],
    ['data.backgrounds={"colours":{"red":"red"}}', /"data\.backgrounds\.colours\.red": Expected a colour as #rrggbb/],
    ["data.path=", /"data\.path": Expected a length of at least 1/],
    ["stageA=null", /"stageA": Expected an object { … } but found null/],
  ];
  for (const [set, message] of cases) assert.match(refused(good, [set]), message);
  assert.match(
    refused('{ "data": { "path": "x", "size": 64 } }'),
    /Expected at least one of stageA, stageB, stageC and preview/,
  );
});

Deno.test("text that is no object is refused with its line", () => {
  const cases: [string, RegExp][] = [
    ["", /^x\.jsonc line 1: value expected$/],
    ["[]", /^x\.jsonc line 1: Expected an object/],
    ['{\n"data": 1,\n"data": 2 }', /^x\.jsonc line 3: "data" is there twice$/],
    ['{\n"__proto__": {} }', /^x\.jsonc line 2: "__proto__" is no name for a setting$/],
    ['{\n"data": {', /^x\.jsonc line 2: /],
    ['{"a":'.repeat(50_000), /^x\.jsonc: it is nested too deeply$/],
  ];
  for (const [text, message] of cases) assert.match(refused(text), message);
  assert.match(refused(good, ["__proto__.size=1"]), /there is no such setting/);
  assert.match(refused(good, ["stageA.steps"]), /Expected --set as key=value/);
  assert.match(refused(good, ["data.path.x=1"]), /"path" has no keys of its own/);
  assert.equal(({} as Record<string, unknown>)["size"], undefined);
});

Deno.test("a file that is missing, a folder or too large is refused", () =>
  inTempFolder(async (folder) => {
    await assert.rejects(readTrainingConfig(join(folder, "none.jsonc")), /there is no such file; give a training's/);
    await assert.rejects(readTrainingConfig(folder), /found a folder or a device/);
    const large = join(folder, "large.jsonc");
    await Deno.writeTextFile(large, "");
    await Deno.truncate(large, 2 ** 30);
    await assert.rejects(readTrainingConfig(large), /Expected at most 1048576 bytes but found 1073741824/);
  }));

Deno.test("tinyTraining() is a configuration of all three phases", () => {
  const { stageA, stageB, stageC } = tinyTraining("data");
  assert.deepEqual([stageA, stageB, stageC].map((each) => each!.steps), [4, 4, 4]);
});

Deno.test("an object is checked as a file is, and gets the same defaults", () => {
  const stageA = { steps: 2, batch: 2, optimiser: { name: "adamw", learningRate: 1e-3 } } as const;
  const settings = { data: { path: "pictures", size: 64 }, stageA };
  const config = checkTrainingConfig(settings);
  assert.deepEqual(config, parseTrainingConfig(JSON.stringify(settings), { file: "a.jsonc" }));
  assert.deepEqual(checkTrainingConfig(config), config);
  assert.throws(
    () => checkTrainingConfig({ ...settings, stageA: { ...stageA, stpes: 1 } }),
    /^ConfigError: configuration: "stageA\.stpes": there is no such setting; did you mean "steps"\?$/,
  );
});
