import assert from "node:assert/strict";
import { add, concat, foldChannels, gemm, type Graph, graph, input, reshape, type Value } from "../mod.ts";
import { countFlops } from "../flops.ts";
import { pointwise } from "../../networks/layers.ts";
import { runGraph } from "../../tests/run_graph.ts";
import { waves } from "../../tests/wave_weights.ts";

const h = input("h", "float32", ["batch", 2, 3, 5]);
const skip = input("skip", "float32", ["batch", 2, 3, 4]);
const e = input("e", "float32", ["batch", 2, 3, 2]);
const inputs = {
  h: waves([2, 2, 3, 5]),
  skip: waves([2, 2, 3, 4], { phase: 1 }),
  e: waves([2, 2, 3, 2], { phase: 2 }),
};

const widths = (graph: Graph) =>
  graph.nodes.filter(({ op }) => op === "Gemm").map(({ inputs: [rows] }) => rows!.dim(1));

for (const bias of [true, false]) {
  for (const join of ["h, M·e", "h, skip, M·e", "M·e, h"]) {
    Deno.test(`a linear map of few channels is folded into the layer behind it: ${join}, bias ${bias}`, async () => {
      const mapped = pointwise("map", e, { to: 8, bias });
      const parts: Record<string, Value> = { h, skip, "M·e": mapped };
      const [first, ...rest] = join.split(", ").map((name) => parts[name]!);
      // Nested, as Stage B joins skip and conditioning first.
      const joined = concat([first!, concat(rest, { axis: 3 })], { axis: 3 });
      const y = add(pointwise("layer", joined, { to: 7, bias }), 1);
      const width = joined.size(3);
      const weights = {
        "map.weight": waves([8, 2, 1, 1], { base: 0, phase: 3 }),
        "map.bias": waves([8], { phase: 4 }),
        "layer.weight": waves([7, width, 1, 1], { base: 0, phase: 5 }),
        "layer.bias": waves([7], { phase: 6 }),
      };
      const plain = graph({ outputs: { y } });
      assert.ok(widths(plain).includes(width));
      assert.equal(widths(foldChannels(plain)).at(-1), width - 8 + 2);
      const before = (await runGraph({ y }, { inputs, weights }))["y"]!.data as Float32Array;
      const after = (await runGraph({ y }, { inputs, weights, rewrite: foldChannels }))["y"]!.data as Float32Array;
      before.forEach((value, i) => {
        assert.ok(
          Math.abs(after[i]! - value) < 1e-6 * Math.max(1, Math.abs(value)),
          `${after[i]} and ${value} at ${i}`,
        );
      });
      assert.ok(before.some((value) => Math.abs(value) > 0.5));
    });
  }
}

Deno.test("the operations at each step become fewer", () => {
  const joined = concat([h, pointwise("map", e, { to: 8 })], { axis: 3 });
  const folded = foldChannels(graph({ outputs: { y: pointwise("layer", joined, { to: 7 }) } }));
  const steps = folded.nodes.filter(({ inputs }) => inputs[0]!.shape.includes("6*batch"));
  assert.equal(countFlops(steps, { batch: 1 }), 2 * 6 * 7 * (5 + 2));
});

Deno.test("maps that make fewer channels, come from an activation or have computed weights stay as they are", () => {
  const layer = (part: Value) => {
    const y = pointwise("layer", concat([h, part], { axis: 3 }), { to: 7 });
    return graph({ outputs: { y } });
  };
  const given = input("given", "float32", [8, 2]);
  const cells = reshape(gemm(reshape(e, [-1, 2]), given), ["batch", 2, 3, 8]);
  for (const part of [pointwise("map", e, { to: 1 }), add(pointwise("map", e, { to: 8 }), 1), cells]) {
    const plain = layer(part);
    assert.deepEqual(foldChannels(plain).nodes, plain.nodes);
  }
});
