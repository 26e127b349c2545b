import assert from "node:assert/strict";
import { runGraph } from "../../tests/run_graph.ts";
import { tensor } from "../../tensor/tensor.ts";
import { gelu, gemm, gradient, graph, input, mul, parameter, peakActivationBytes, reduceMean, scope } from "../mod.ts";
import { after } from "./order.ts";

Deno.test("after() changes no number, even where the earlier values are NaN or infinite", async () => {
  const x = tensor("float32", [3], Float32Array.of(1.5, -2, Infinity));
  const earlier = [NaN, Infinity, -Infinity, 3e38].map((value) => tensor("float32", [1], Float32Array.of(value)));
  const inputs = Object.fromEntries(earlier.map((value, i) => [`earlier${i}`, value]));
  const values = Object.keys(inputs).map((name) => input(name, "float32", [1]));
  const { y } = await runGraph({ y: after(input("x", "float32", [3]), values) }, { inputs: { x, ...inputs } });
  assert.deepEqual(y!.data, x.data);
});

Deno.test("weights' gradients are due before the backward pass leaves their layers, however the outputs are listed", () => {
  const depth = 12;
  const rows = 64;
  let x = input("x", "float32", [rows, 8]);
  const weights = Array.from({ length: depth }, (_, i) =>
    scope(`layers.${i}`, () => {
      const [wide, narrow] = [parameter("wide", [32, 8]), parameter("narrow", [8, 32])];
      x = gemm(gelu(gemm(x, wide)), narrow);
      return [wide, narrow];
    })).flat();
  const gradients = gradient(reduceMean(mul(x, x), { axes: [0, 1] }), weights);
  const outputs = gradients.map((value, i) => [`d${i}`, value] as const);
  const kept = depth * rows * (8 + 32 + 32) * 4;
  for (const list of [outputs, outputs.toReversed()]) {
    // What the forward pass keeps, the gradients themselves, and a few layers' worth of work.
    const peak = peakActivationBytes(graph({ outputs: Object.fromEntries(list) }));
    assert.ok(peak < kept + depth * 2 * 32 * 8 * 4 + 6 * rows * 32 * 4, `${peak} bytes beside ${kept}`);
  }
});
