import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { copyCompressorModel } from "../tests/compressor_model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { findModel } from "./model.ts";
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
      /"_class_name": Expected WuerstchenSemanticCompressor or EfficientNetEncoder$/,
    );
    await Deno.writeTextFile(file, JSON.stringify({ ...config, blocks: [1, 1, 2] }));
    await assert.rejects(() => open(folder), /missing tensors: "levels\.2\.blocks\.1\./);
  });
});
