import assert from "node:assert/strict";
import { join } from "node:path";
import { tinyModel } from "../tests/tiny_model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { fetchStart } from "./fetch_start.ts";
import { drawSquares, tinyTraining } from "./_tiny_training.ts";
import { networkFolder, tokenizerFolder, withStartSizes } from "./start.ts";
import { train } from "./trainer.ts";

const start = JSON.stringify({ prior: join(tinyModel, "wuerstchen-prior"), decoder: join(tinyModel, "wuerstchen") });

Deno.test("withStartSizes() takes the sizes of the model that training starts from", async () => {
  const { model } = await withStartSizes({ ...tinyTraining("data", { set: [`start=${start}`] }) });
  assert.deepEqual([model.latentMean, model.latentStd], [42, 1]);
  assert.equal((model.prior as { c: number }).c, 8);
});

Deno.test("a network that is to be new is not taken over, nor are its sizes and its vocabulary", async () => {
  const given = { ...JSON.parse(start), new: ["prior", "priorTextEncoder"] };
  const { start: found } = await fetchStart(given);
  assert.deepEqual(found, given);
  assert.equal(networkFolder(found, "prior"), undefined);
  assert.equal(networkFolder(found, "decoder"), join(tinyModel, "wuerstchen", "decoder"));
  assert.equal(tokenizerFolder(found, "prior"), undefined);
  const { model } = await withStartSizes(tinyTraining("data", { set: [`start=${JSON.stringify(given)}`] }));
  const plain = tinyTraining("data").model;
  assert.deepEqual([model.prior, model.priorTextEncoder], [plain.prior, plain.priorTextEncoder]);
  assert.deepEqual([model.latentMean, model.latentStd], [42, 1]);
});

Deno.test("train() goes on from published weights of other tools", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const set = [
      `start=${start}`,
      ...["vqgan", "decoder", "prior", "decoderTextEncoder", "priorTextEncoder"].map((name) => `model.${name}={}`),
      "model.compressor={}",
      "model.resolutionMultiple=42.67",
      "model.latentDimScale=10.67",
      "data.size=128",
      'samples.prompts=["a"]',
    ];
    const config = tinyTraining(join(folder, "data"), { set });
    const { stageA: _, stageC: __, ...rest } = config;
    const events = await Array.fromAsync(
      train({ ...rest, stageC: config.stageC, stageB: undefined } as never, { folder: join(folder, "run") }),
    );
    assert.equal(events.at(-1)!.type, "end");
  }));

Deno.test("train() starts from a model of Stage A alone, and asks for the vocabulary of a text encoder that is there", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const whole = tinyTraining(join(folder, "data"));
    const { stageB: _, stageC: __, ...stageA } = whole;
    await Array.fromAsync(train(stageA as never, { folder: join(folder, "first") }));
    const [checkpoint] = await Array.fromAsync(Deno.readDir(join(folder, "first", "checkpoints")));
    const start = join(folder, "start");
    const vqgan = join(start, "decoder", "vqgan");
    await Deno.mkdir(join(start, "decoder"), { recursive: true });
    await Deno.rename(join(folder, "first", "checkpoints", checkpoint!.name, "decoder", "vqgan"), vqgan);
    const { stageA: ___, ...rest } = tinyTraining(join(folder, "data"), { set: [`start=${JSON.stringify(start)}`] });
    const events = await Array.fromAsync(train(rest as never, { folder: join(folder, "second") }));
    assert.equal(events.at(-1)!.type, "end");

    await Deno.mkdir(join(start, "prior", "text_encoder"), { recursive: true });
    await assert.rejects(
      Array.fromAsync(train(rest as never, { folder: join(folder, "third") })),
      /tokenizer: Expected the vocabulary of the text encoder beside it/,
    );
  }));
