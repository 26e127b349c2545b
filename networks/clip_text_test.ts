import assert from "node:assert/strict";
import { GraphError, input } from "../onnx/mod.ts";
import { compareCase, openCase } from "../tests/network_case.ts";
import { inputsLike } from "../tests/run_graph.ts";
import { tensor } from "../tensor/tensor.ts";
import { clipText, clipTextConfig, clipTextWithProjection } from "./clip_text.ts";

for (const half of ["prior", "decoder"]) {
  Deno.test(`every state of the ${half}'s text encoder equals the reference`, async () => {
    const opened = await openCase(`text_encoder_${half}`, clipTextConfig);
    const { input_ids, attention_mask } = inputsLike(opened.inputs, { batch: "batch" });
    const { lastHiddenState, hiddenStates, pooled } = clipText(opened.config, {
      ids: input_ids!,
      mask: attention_mask!,
    });
    const outputs = {
      last_hidden_state: lastHiddenState,
      pooler_output: pooled,
      ...Object.fromEntries(hiddenStates.map((state, i) => [`hidden_states.${i}`, state])),
    };
    const { shape } = opened.inputs["attention_mask"]!;
    const ones = tensor("int64", shape, new BigInt64Array(shape[0]! * shape[1]!).fill(1n));
    const unmasked = {
      inputs: { attention_mask: ones },
      expected: { last_hidden_state: "last_hidden_state_mask_all_ones" },
    };
    await compareCase(opened, outputs, { others: [unmasked] });
  });
}

const small = clipTextConfig.parse({
  vocab_size: 20,
  hidden_size: 6,
  intermediate_size: 8,
  projection_dim: 5,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 9,
});

function inputs(tokens: number) {
  return { ids: input("ids", "int64", ["batch", tokens]), mask: input("mask", "int64", ["batch", tokens]) };
}

Deno.test("clipTextWithProjection() projects the pooled state to projection_dim channels", () => {
  const { lastHiddenState, pooled, textEmbeds } = clipTextWithProjection(small, inputs(9));
  assert.deepEqual(lastHiddenState.shape, ["batch", 9, 6]);
  assert.deepEqual(pooled.shape, ["batch", 6]);
  assert.deepEqual(textEmbeds.shape, ["batch", 5]);
});

Deno.test("clipText() refuses more tokens than it has positions", () => {
  assert.throws(() => clipText(small, inputs(10)), new GraphError("Expected at most 9 tokens but found 10"));
});

Deno.test("a hidden size that the heads do not divide, and an unknown activation, are refused", () => {
  const refuse = (config: Record<string, unknown>) => clipTextConfig.safeParse(config).error!.issues[0]!.message;
  assert.match(refuse({ hidden_size: 10, num_attention_heads: 3 }), /hidden_size to divide by num_attention_heads/);
  assert.match(refuse({ hidden_act: "tanh" }), /"quick_gelu"/);
});
