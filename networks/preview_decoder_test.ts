import assert from "node:assert/strict";
import { input, traceScopes, type Value } from "../onnx/mod.ts";
import { formulaWeights, readFormula } from "../tests/formula_weights.ts";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { previewDecoder, previewDecoderConfig } from "./preview_decoder.ts";

for (const [name, json] of [["tiny", { c_hidden: 24 }], ["full512", {}]] as const) {
  Deno.test(`previewDecoder() equals the original: ${name}`, async () => {
    const config = previewDecoderConfig.parse(json);
    const fixture = readFixture(`../compressor/previewer/${name}`);
    const formula = readFormula(`previewer/${name}/formula.json`);
    const weights = formulaWeights(formula);
    for (const i of [0, 1]) {
      const x = fixture.tensor(`x${i}`);
      const { scopes, parameters, result } = traceScopes(() => previewDecoder(config, inputsLike({ x }).x));
      assert.deepEqual(parameters, new Map(Object.entries(formula.table).map(([key, [shape]]) => [key, shape])));
      // The blocks are those of the first input.
      const blocks = fixture.manifest.tensors.map(({ name }) => name).filter((name) => i === 0 && /^blocks/.test(name));
      const outputs: Record<string, Value> = { [`y${i}`]: result };
      for (const key of blocks) outputs[key] = scopes.get(key)!;
      const found = await runGraph(outputs, { inputs: { x }, weights });
      for (const [key, tensor] of Object.entries(found)) {
        assertClose(tensor, fixture.tensor(key), fixture.atol(key), `${name}: ${key}`);
      }
    }
  });
}

Deno.test("a preview has eight pixels a cell, and as many channels as the configuration says", () => {
  const config = previewDecoderConfig.parse({ c_in: 4, c_hidden: 8, c_out: 1 });
  assert.deepEqual(previewDecoder(config, input("x", "float32", ["b", 4, 3, 5])).shape, ["b", 1, 24, 40]);
});

Deno.test("a width that cannot be quartered and latents of other channels are refused", () => {
  assert.deepEqual(previewDecoderConfig.safeParse({ c_hidden: 6 }).error?.issues[0]?.path, ["c_hidden"]);
  const latents = input("x", "float32", [1, 4, 3, 3]);
  assert.throws(
    () => previewDecoder(previewDecoderConfig.parse({}), latents),
    /Expected latents of 16 channels but found \[1, 4, 3, 3\]/,
  );
});
