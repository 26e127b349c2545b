import assert from "node:assert/strict";
import { input, traceScopes } from "../onnx/mod.ts";
import { assertClose } from "../tests/read_fixture.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { openT5Case, t5Cases } from "../tests/t5_case.ts";
import { checkParameters } from "../weights/bind.ts";
import { t5Config, t5Encoder } from "./t5_encoder.ts";

for (const name of t5Cases) {
  Deno.test(`every state of a T5 encoder ${name.replace("_", ".")} equals the reference, with padding too`, async () => {
    const { config, checkpoint, inputs, outputs, atol } = await openT5Case(name);
    const { result, parameters } = traceScopes(() => t5Encoder(config, inputsLike(inputs, { batch: "batch" })));
    checkParameters(parameters, checkpoint.tensors, { folder: name });
    const states = {
      last_hidden_state: result.lastHiddenState,
      ...Object.fromEntries(result.hiddenStates.slice(0, -1).map((state, i) => [`hidden_states.${i}`, state])),
    };
    assert.deepEqual(Object.keys(states).sort(), Object.keys(atol).sort());
    const found = await runGraph(states, { inputs, weights: checkpoint });
    for (const [key, tolerance] of Object.entries(atol)) {
      assertClose(found[key]!, outputs[key]!, tolerance, `${name}: ${key}`);
    }
  });
}

const ids = input("ids", "int64", ["batch", 7]);
const mask = input("mask", "int64", ["batch", 7]);

Deno.test("a T5 encoder takes every activation that its config may name, gated or not", () => {
  const sizes = { vocab_size: 9, d_model: 4, d_kv: 3, d_ff: 5, num_layers: 1, num_heads: 2 };
  for (const feed_forward_proj of ["gelu_new", "gated-silu", "gated-relu"]) {
    const { parameters } = traceScopes(() => {
      return t5Encoder(t5Config.parse({ ...sizes, feed_forward_proj }), { ids, mask }).lastHiddenState;
    });
    assert.equal(
      parameters.has("encoder.block.0.layer.1.DenseReluDense.wi_1.weight"),
      feed_forward_proj.startsWith("gated"),
    );
  }
});

Deno.test("a T5 config with an unknown projection, no layers or too few distances is refused", () => {
  const refuse = (config: Record<string, unknown>) => t5Config.safeParse(config).error!.issues[0]!;
  assert.match(refuse({ feed_forward_proj: "gated-tanh" }).message, /"gated-gelu"/);
  assert.match(refuse({ num_layers: 0 }).message, /at least one layer/);
  assert.deepEqual(refuse({ relative_attention_num_buckets: 64, relative_attention_max_distance: 16 }).path, [
    "relative_attention_max_distance",
  ]);
});
