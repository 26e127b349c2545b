import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { openTextEncoder } from "../stages/open_text_encoder.ts";
import { TextEncoderStage } from "../stages/text_encoder.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyTraining } from "./_tiny_training.ts";
import { readNetwork, writeModel } from "./model_folder.ts";
import { initialWeights, networkConfigs, networksOf } from "./networks.ts";
import { withStartSizes } from "./start.ts";
import { prepareTokenizers } from "./tokenizer.ts";
import type { TrainingData } from "./training_data.ts";

const t5 = {
  model_type: "t5",
  d_model: 12,
  d_kv: 4,
  d_ff: 24,
  num_layers: 1,
  num_heads: 2,
  feed_forward_proj: "gated-gelu",
};
const set = [`model.priorTextEncoder=${JSON.stringify(t5)}`];
const data = { allCaptions: () => ["red square 0", "blue square 2", "green square 1"] } as unknown as TrainingData;

const json = async (...path: string[]) => JSON.parse(await Deno.readTextFile(join(...path)));

Deno.test("a model whose prior reads text by T5 is written as transformers would, and loads again", () =>
  inTempFolder(async (folder) => {
    const config = tinyTraining("data", { set });
    const tokenizer = join(folder, "tokenizers");
    const vocabularies = await prepareTokenizers(tokenizer, config, data);
    const configs = networkConfigs(config, vocabularies);
    assert.equal(configs.prior.c_cond, 12);
    const networks = new Map(networksOf(configs).map((name) => [name, initialWeights(name, configs, { seed: 1 })]));
    const model = join(folder, "model");
    await Deno.mkdir(model);
    await writeModel(model, { config, configs, networks, tokenizer });

    const [prior, decoder] = [
      await json(model, "prior/model_index.json"),
      await json(model, "decoder/model_index.json"),
    ];
    assert.deepEqual(prior.text_encoder, ["transformers", "T5EncoderModel"]);
    assert.deepEqual(prior.tokenizer, ["transformers", "T5TokenizerFast"]);
    assert.deepEqual(decoder.text_encoder, ["transformers", "CLIPTextModel"]);
    assert.deepEqual(decoder.tokenizer, ["transformers", "CLIPTokenizer"]);
    const written = await json(model, "prior/text_encoder/config.json");
    assert.deepEqual([written.architectures, written.model_type], [["T5EncoderModel"], "t5"]);

    const half = join(model, "prior");
    const opened = await openTextEncoder({ folder: join(half, "text_encoder"), tokenizer: join(half, "tokenizer") });
    const stage = new TextEncoderStage(opened, opened.checkpoint, { threads: 1, runtime: nativeRuntime });
    await stage.network.load({ tokens: stage.tokens });
    const { shape } = await stage.encode(["red square 0"]);
    await stage.network.release();
    assert.deepEqual(shape, [1, 8, 12]);

    assert.deepEqual(await readNetwork(model, "prior_text_encoder", configs), networks.get("prior_text_encoder"));
    const again = await withStartSizes(tinyTraining("data", { set: [`start=${model}`, "model.priorTextEncoder={}"] }));
    assert.deepEqual(networkConfigs(again, vocabularies).prior_text_encoder, configs.prior_text_encoder);
  }));

Deno.test("settings of CLIP are none of T5, and c_cond follows the text encoder", () => {
  const vocabulary = { size: 530, eosId: 529, maxLength: 8 };
  const sizes = (...more: string[]) =>
    networkConfigs(tinyTraining("data", { set: [...set, ...more] }), { prior: vocabulary, decoder: vocabulary });
  assert.throws(() => sizes("model.priorTextEncoder.hidden_size=8"), (error: Error) => {
    assert(error instanceof ConfigError);
    assert.match(error.message, /hidden_size/);
    return true;
  });
  assert.throws(() => sizes("model.prior.c_cond=8"), /Expected model.prior.c_cond to be 12/);
});
