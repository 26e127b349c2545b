import assert from "node:assert/strict";
import type { Repository } from "../hub/repository.ts";
import { openT5Case } from "../tests/t5_case.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { encodeSafetensors } from "../weights/safetensors_writer.ts";
import type { FetchedModel } from "./fetch_model.ts";
import { checkNetwork } from "./infer_network.ts";
import { previewWeights } from "./weights_preview.ts";

/** What the hub's headers say about a text encoder of these tensors. */
async function previewOf(tensors: Readonly<Record<string, Tensor>>) {
  const bytes = encodeSafetensors(tensors);
  const asked: number[] = [];
  const repository = {
    size: () => Promise.resolve(bytes.length),
    start: (_path: string, count: number) => {
      asked.push(count);
      return Promise.resolve(bytes.subarray(0, count));
    },
  } as Partial<Repository> as Repository;
  const model = { id: "org/t5", needed: ["text_encoder/model.safetensors"], repository } as Partial<FetchedModel>;
  const [preview] = await previewWeights(model as FetchedModel);
  return { ...preview!, asked };
}

Deno.test("a T5 that is stored as a whole model, its embeddings twice, passes for the encoder that is in it", async () => {
  const { config, checkpoint } = await openT5Case("v1_0");
  const own = Object.fromEntries(
    await Promise.all([...checkpoint.tensors.keys()].map(async (key) => [key, await checkpoint.read(key)] as const)),
  );
  const one = tensor("float32", [1], Float32Array.of(1));
  const embeddings = Object.values(own).find(({ shape }) => shape[0] === config.vocab_size)!;
  const whole = await previewOf({
    ...own,
    "shared.weight": embeddings,
    "encoder.embed_tokens.weight": embeddings,
    "decoder.embed_tokens.weight": embeddings,
    "decoder.block.0.layer.0.SelfAttention.q.weight": one,
    "lm_head.weight": embeddings,
  });
  checkNetwork("text_encoder", whole.checkpoint, config);
  assert.equal(whole.folder, "text_encoder");
  assert.ok(whole.asked.every((count) => count <= whole.bytes));
  await assert.rejects(whole.checkpoint.read("shared.weight"), /has not been fetched/);

  const other = await previewOf({ ...own, "encoder.block.7.layer.0.SelfAttention.q.weight": one });
  assert.throws(() => checkNetwork("text_encoder", other.checkpoint, config), {
    name: "CheckpointError",
    message: /^org\/t5\/text_encoder: tensors that belong to no part of the network: "encoder\.block\.7\./,
  });
});
