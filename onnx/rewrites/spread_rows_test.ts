import assert from "node:assert/strict";
import { gelu, type Graph, graph, input, spreadRows, type Value } from "../mod.ts";
import { pointwise } from "../../networks/layers.ts";
import { runGraph } from "../../tests/run_graph.ts";
import { waves } from "../../tests/wave_weights.ts";

const channels = 4096;

const layer = ({ height = 32, from = channels, width = 16 } = {}): { x: Value; y: Value } => {
  const x = input("x", "float32", ["batch", height, width, from]);
  return { x, y: pointwise("layer", gelu(x), { to: 3 }) };
};

/** Channels of what the linear layer reads. */
const widthOf = ({ nodes }: Graph) => nodes.find(({ op }) => op === "Gemm")!.inputs[0]!.dim(1);

Deno.test("a linear layer behind rows of 16 kB reads them a cache line further apart, and gives the same numbers", async () => {
  const { y } = layer();
  assert.equal(widthOf(graph({ outputs: { y } })), channels);
  assert.equal(widthOf(spreadRows(graph({ outputs: { y } }))), channels + 16);
  const inputs = { x: waves([2, 32, 16, channels]) };
  const weights = { "layer.weight": waves([3, channels, 1, 1], { base: 0, phase: 1 }), "layer.bias": waves([3]) };
  const before = (await runGraph({ y }, { inputs, weights }))["y"]!.data as Float32Array;
  const after = (await runGraph({ y }, { inputs, weights, rewrite: spreadRows }))["y"]!.data as Float32Array;
  const largest = Math.max(...before.map(Math.abs));
  assert.ok(largest > 0.5);
  before.forEach((value, i) => assert.ok(Math.abs(after[i]! - value) < 1e-5 * largest, `${after[i]}, ${value}`));
});

Deno.test("layers of few rows, of narrow rows and of rows that do not collide stay as they are", () => {
  for (const sizes of [{ height: 16 }, { from: 3072 }, { from: 4096 + 64 }]) {
    const plain = graph({ outputs: { y: layer(sizes).y } });
    assert.deepEqual(spreadRows(plain).nodes, plain.nodes);
  }
});
