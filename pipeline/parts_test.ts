import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { copyCompressorModel } from "../tests/compressor_model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { copyTinyModel, quick, tinyModel } from "../tests/tiny_model.ts";
import { findModel } from "./model.ts";
import { loadPipeline } from "./pipeline.ts";
import { checkpointsOf, openParts } from "./parts.ts";

const open = async (model: string) => await openParts(await findModel(model));

Deno.test("a compressor is found beside the decoder, however the model is named", async () => {
  await inTempFolder(async (folder) => {
    const { prior, decoder, compressor } = await copyCompressorModel(folder);
    assert.equal((await findModel(folder)).compressor, compressor);
    assert.equal((await findModel(decoder, { prior })).compressor, compressor);
    assert.equal((await findModel(tinyModel, { decoder })).compressor, compressor);
    // It belongs to the decoder that it was trained with, not to the prior.
    assert.equal((await findModel(tinyModel, { prior })).compressor, undefined);
  });
});

Deno.test("a model may have no compressor, and its identity is that of what paints", async () => {
  await inTempFolder(async (folder) => {
    await copyCompressorModel(folder);
    const [without, parts] = await Promise.all([open(tinyModel), open(folder)]);
    assert.equal(without.compressor, undefined);
    assert.equal(parts.compressor?.config._class_name, "WuerstchenSemanticCompressor");
    assert.deepEqual(Object.keys(checkpointsOf(parts)), Object.keys(checkpointsOf(without)));
  });
});

Deno.test("a compressor that does not fit the decoder is refused", async () => {
  const cases: [config: Record<string, unknown>, message: RegExp][] = [
    [{ c_latent: 8 }, /Expected 16 channels of its embedding, as the decoder has them, but found 8$/],
    [{ in_channels: 1 }, /Expected 3 channels of its pictures, as the decoder has them, but found 1$/],
  ];
  for (const [config, message] of cases) {
    await inTempFolder(async (folder) => {
      await copyCompressorModel(folder, { config });
      await assert.rejects(
        () => open(folder),
        (error) => error instanceof CheckpointError && message.test(error.message),
      );
    });
  }
});

Deno.test("a compressor of an unknown class, or with other weights than its configuration asks for, is refused", async () => {
  await inTempFolder(async (folder) => {
    const { compressor } = await copyCompressorModel(folder);
    const file = join(compressor, "config.json");
    const config = JSON.parse(await Deno.readTextFile(file));
    await Deno.writeTextFile(file, JSON.stringify({ ...config, _class_name: "VAE" }));
    await assert.rejects(
      () => open(folder),
      /"_class_name": Expected a compressor that is known \(EfficientNetEncoder, WuerstchenSemanticCompressor\) but found "VAE"$/,
    );
    await Deno.writeTextFile(file, JSON.stringify({ ...config, blocks: [1, 1, 2] }));
    await assert.rejects(() => open(folder), /missing tensors: "levels\.2\.blocks\.1\./);
  });
});

Deno.test("a tokenizer that gives more than its text encoder takes is an error of the tokenizer", async () => {
  await inTempFolder(async (folder) => {
    const { prior } = await copyTinyModel(folder);
    const change = async (name: string, edit: (json: Record<string, unknown>) => void) => {
      const file = join(prior, "tokenizer", name);
      const text = await Deno.readTextFile(file);
      const json = JSON.parse(text);
      edit(json);
      await Deno.writeTextFile(file, JSON.stringify(json));
      return () => Deno.writeTextFile(file, text);
    };
    const fails = (message: RegExp) =>
      assert.rejects(() => open(folder), (error) => error instanceof CheckpointError && message.test(error.message));
    const undo = await change("tokenizer.json", (json) => {
      const { vocab } = json.model as { vocab: Record<string, number> };
      vocab["z</w>"] = 5000;
    });
    await fails(/prior.tokenizer: Expected a vocabulary of at most 934 tokens, as .*config\.json says .* the id 5000/);
    await undo();
    const restore = await change("tokenizer_config.json", (json) => json.model_max_length = 100);
    await fails(/tokenizer_config\.json: "model_max_length": Expected at most 77 tokens, as .* but found 100/);
    await restore();
    // An added token that no prompt has does no harm.
    await change("tokenizer.json", (json) => {
      const token = { content: "<new>", special: false, normalized: false, single_word: false };
      (json.added_tokens as unknown[]).push({ id: 934, lstrip: false, rstrip: false, ...token });
    });
    await using pipeline = await loadPipeline(folder, { threads: 2 });
    await pipeline.generate({ prompt: "a fox", ...quick, stopAfter: "prior" });
    await assert.rejects(async () => await pipeline.generate({ prompt: "a <new> fox", ...quick }), {
      name: "CheckpointError",
      message: /text_encoder: Expected ids below 934 \(vocab_size\) but an added token of the tokenizer has the id 934/,
    });
  });
});
