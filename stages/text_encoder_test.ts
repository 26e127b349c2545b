import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { encodeText } from "../networks/text_encoder.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { tensor } from "../tensor/tensor.ts";
import { T5Tokenizer } from "../text/t5_tokenizer.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { openT5Case } from "../tests/t5_case.ts";
import { tinyT5Tokenizer } from "../tests/tiny_t5.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { TextEncoderStage } from "./text_encoder.ts";

const tokenizer = new T5Tokenizer(tinyT5Tokenizer());
const int64 = (rows: number[][]) => tensor("int64", [rows.length, 6], BigInt64Array.from(rows.flat(), BigInt));

Deno.test("a T5 encoder's states are those of the prompts' tokens, in any batch", async () => {
  const { config, checkpoint } = await openT5Case("v1_0");
  const stage = new TextEncoderStage({ config, tokenizer }, checkpoint, { threads: 1, runtime: nativeRuntime });
  assert.equal(stage.tokens, 6);
  assert.equal(stage.truncated("a red apple"), "");
  assert.equal(stage.truncated("a red green red apple apple"), "apple");
  await stage.network.load({ tokens: stage.tokens });
  try {
    const states = await stage.encode(["a red apple", ""]);
    const inputs = {
      ids: int64([[4, 5, 7, 1, 0, 0], [1, 0, 0, 0, 0, 0]]),
      mask: int64([[1, 1, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0]]),
    };
    const { expected } = await runGraph({ expected: encodeText(config, inputsLike(inputs)) }, {
      inputs,
      weights: checkpoint,
    });
    assert.deepEqual(states.shape, [2, 6, 12]);
    const off = states.data.map((x, i) => Math.abs(x - Number(expected!.data[i])));
    assert.ok(Math.max(...off) < 1e-5, `off by ${Math.max(...off)}`);
  } finally {
    await stage.network.release();
  }
});

Deno.test("the encoder is found in a whole T5 model, whatever name the embeddings have there", () =>
  inTempFolder(async (folder) => {
    const { config, checkpoint } = await openT5Case("v1_0");
    const tensors = await Promise.all([...checkpoint.tensors.keys()].map(async (key) => {
      return [key === "shared.weight" ? "encoder.embed_tokens.weight" : key, await checkpoint.read(key)] as const;
    }));
    const other = tensor("float32", [3]);
    await writeSafetensors(join(folder, "model.safetensors"), [
      ...tensors,
      ["decoder.final_layer_norm.weight", other],
      ["lm_head.weight", other],
    ]);
    const whole = await openCheckpoint(folder, { stem: "model" });
    const [own, plain] = [whole, checkpoint].map((weights) =>
      new TextEncoderStage({ config, tokenizer }, weights, { threads: 1, runtime: nativeRuntime })
    );
    const states = [];
    for (const stage of [own!, plain!]) {
      await stage.network.load({ tokens: stage.tokens });
      states.push(await stage.encode(["a green apple"]));
      await stage.network.release();
    }
    assert.deepEqual(states[0]!.data, states[1]!.data);
    await assert.rejects(own!.network.checkpoint.read("lm_head.weight"), /no tensor "lm_head.weight"/);
  }));

Deno.test("a token that the encoder does not know is an error that says so", async () => {
  const { config, checkpoint } = await openT5Case("v1_0");
  const stage = new TextEncoderStage({
    config: { ...config, vocab_size: 29 },
    tokenizer: {
      maxLength: 6,
      eosId: 1,
      highestId: 7,
      encode: () => ({ ids: [29, 1, 0, 0, 0, 0], attentionMask: [1, 1, 0, 0, 0, 0], truncated: "", length: 2 }),
    },
  }, checkpoint);
  await assert.rejects(stage.encode(["x"]), (error: Error) => {
    assert(error instanceof CheckpointError);
    assert.match(error.message, /Expected ids below 29 \(vocab_size\) but .* has the id 29/);
    return true;
  });
});
