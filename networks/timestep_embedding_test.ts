import assert from "node:assert/strict";
import { GraphError, input } from "../onnx/mod.ts";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { embeddingWidth, timestepEmbedding, timestepFrequencies } from "./timestep_embedding.ts";

const fixture = readFixture("modules/gen_r_embedding");
const widths = [15, 16, 24, 32, 64];

Deno.test("timestepFrequencies() equals torch's float32 frequencies to the last bit", () => {
  for (const channels of widths) {
    const expected = fixture.tensor(`frequencies.${channels}`).data;
    assert.deepEqual(timestepFrequencies(Math.floor(channels / 2)), expected, `c_r ${channels}`);
  }
});

Deno.test("timestepEmbedding() equals torch's, an odd width ending with zeros", async () => {
  const inputs = { r: fixture.tensor("r") };
  const { r } = inputsLike(inputs);
  const found = await runGraph(
    Object.fromEntries(widths.map((channels) => [`out.${channels}`, timestepEmbedding(r, { channels })])),
    { inputs },
  );
  for (const [name, tensor] of Object.entries(found)) {
    assertClose(tensor, fixture.tensor(name), fixture.atol(name), name);
  }
});

Deno.test("timestepEmbedding() of width 1 is zero", async () => {
  const inputs = { r: fixture.tensor("r") };
  const { out } = await runGraph({ out: timestepEmbedding(inputsLike(inputs).r, { channels: 1 }) }, { inputs });
  assertClose(out!, { dtype: "float32", shape: [32, 1], data: new Float32Array(32) }, 0, "out");
});

Deno.test("widths of 2 and 3, whose frequencies divide by zero, are refused", () => {
  const r = input("r", "float32", ["batch"]);
  for (const channels of [2, 3]) {
    assert.throws(() => timestepEmbedding(r, { channels }), GraphError);
    assert.equal(embeddingWidth.safeParse(channels).success, false);
  }
  assert.deepEqual([1, 4, 64].map((width) => embeddingWidth.parse(width)), [1, 4, 64]);
});
