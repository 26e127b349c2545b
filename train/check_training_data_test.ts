import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { drawSquares, tinyTraining } from "./_tiny_training.ts";
import { checkTrainingData } from "./check_training_data.ts";
import type { TrainingConfig } from "./config.ts";
import { TrainingData } from "./training_data.ts";

/** Twelve pictures with captions, changed by `change`, as a check sees them. */
async function checked(
  change: (folder: string) => void | Promise<void>,
  config: (folder: string) => TrainingConfig = (folder) => tinyTraining(folder),
): Promise<string[]> {
  let warnings: string[] = [];
  await inTempFolder(async (root) => {
    const folder = join(root, "data");
    await drawSquares(folder);
    await change(folder);
    const own = config(folder);
    warnings = checkTrainingData(own, await TrainingData.open(own));
  });
  return warnings;
}

const table = (folder: string) => join(folder, "metadata.jsonl");

Deno.test("a whole data set is taken without a word", async () => {
  assert.deepEqual(await checked(() => {}), []);
});

Deno.test("without captions Stage B and C are refused, unless they are to learn without text; Stage A does not mind", async () => {
  const none = (folder: string) => Deno.remove(table(folder));
  await assert.rejects(checked(none), {
    name: "ConfigError",
    message:
      /data: no picture has a caption, which stageB and stageC learn from: put a \.txt file .* by captionDropout 1$/,
  });
  const { stageC: _, ...noC } = tinyTraining("data");
  await assert.rejects(checked(none, (path) => ({ ...noC, data: { ...noC.data, path } }) as TrainingConfig), {
    message: /which stageB learns from/,
  });
  const without = ["stageB.captionDropout=1", "stageC.captionDropout=1"];
  assert.deepEqual(await checked(none, (path) => tinyTraining(path, { set: without })), []);
  const { stageB: __, ...onlyA } = noC;
  assert.deepEqual(await checked(none, (path) => ({ ...onlyA, data: { ...onlyA.data, path } }) as TrainingConfig), []);
});

Deno.test("some missing captions, and tables that name missing pictures, are warnings with numbers and places", async () => {
  const warnings = await checked(async (folder) => {
    const lines = (await Deno.readTextFile(table(folder))).trimEnd().split("\n");
    const lost = ["x.png", "y.png"].map((file_name) => JSON.stringify({ file_name, text: "gone" }));
    await Deno.writeTextFile(table(folder), [...lines.slice(0, 10), ...lost].join("\n"));
    await Deno.writeTextFile(join(folder, "lonely.txt"), "nobody");
  });
  assert.deepEqual(warnings, [
    "no caption, or an empty one (2 of 12)",
    "caption tables name missing pictures (2): metadata.jsonl line 11: x.png, metadata.jsonl line 12: y.png",
    "caption files beside no picture (1): lonely.txt",
  ]);
});

Deno.test("a caption that cannot be read is no reason to stop: its sample is named when it is loaded", async () => {
  const warnings = await checked(async (folder) => {
    await Deno.remove(table(folder));
    for (let i = 0; i < 12; i++) {
      await Deno.writeFile(join(folder, `${String(i).padStart(2, "0")}.txt`), Uint8Array.of(i === 3 ? 255 : 97));
    }
  });
  assert.deepEqual(warnings, ["no caption, or an empty one (1 of 12)"]);
});

Deno.test("one picture, and a batch of more than there are, are warnings", async () => {
  const one = async (folder: string) => {
    for (let i = 1; i < 12; i++) await Deno.remove(join(folder, `${String(i).padStart(2, "0")}.png`));
    const [line] = (await Deno.readTextFile(table(folder))).split("\n");
    await Deno.writeTextFile(table(folder), line!);
  };
  const warnings = await checked(one);
  assert.equal(warnings.length, 4);
  assert.equal(warnings[0], "stageA: a batch of 3 is more than the 1 pictures, and holds some of them several times");
  assert.equal(warnings[3], "there is only 1 picture, which can be learnt by heart and no more");
});

Deno.test("a rule that holds everything out, or every colour of a drawing, is refused", async () => {
  const all = (path: string) =>
    tinyTraining(path, { set: ["data.only=^red square 0$", 'stageA.holdOut={"modulo":2}'] });
  const other = (path: string) =>
    tinyTraining(path, { set: ["data.only=^red square 0$", 'stageA.holdOut={"modulo":2,"remainder":1}'] });
  const results = await Promise.allSettled([checked(() => {}, all), checked(() => {}, other)]);
  const [refused] = results.flatMap((result) => result.status === "rejected" ? [result.reason as Error] : []);
  assert.equal(results.filter(({ status }) => status === "rejected").length, 1);
  assert.match(refused!.message, /^stageA\.holdOut: no picture of .* is left to learn from$/);
  const colours = (path: string) =>
    tinyTraining(path, { set: ['data.backgrounds={"colours":{"red":"#ff0000"},"heldOut":{"modulo":2}}'] });
  await assert.rejects(checked(() => {}, colours), /^ConfigError: data\.backgrounds: no colour is left for "/);
});
