import assert from "node:assert/strict";
import { concat, gemm, type Graph, graph, input, parameter, reshape, splitRows, type Value } from "../mod.ts";
import { runGraph } from "../../tests/run_graph.ts";
import { waves } from "../../tests/wave_weights.ts";

const image = input("image", "float32", ["batch", 3, 4]);
const text = input("text", "float32", ["batch", 2, 4]);
const joined = concat([image, text], { axis: 1 });
const product = (rows: Value, bias?: Value) => gemm(rows, parameter("weight", [5, 4]), { bias });
const linear = (bias?: Value) => reshape(product(reshape(joined, [-1, 4]), bias), ["batch", 5, 5]);
const split = (graph: Graph) => splitRows(graph, { varying: ["image"] });

for (const bias of [parameter("bias", [5]), undefined]) {
  const name = bias ? "with a bias" : "without one";
  Deno.test(`the parts of joined rows go through a linear layer alone, with the same numbers: ${name}`, async () => {
    const y = linear(bias);
    const products = split(graph({ outputs: { y } })).nodes.filter(({ op }) => op === "Gemm");
    assert.deepEqual(products.map(({ inputs: [rows] }) => rows!.shape[0]), ["3*batch", "2*batch"]);
    const data = {
      inputs: { image: waves([2, 3, 4]), text: waves([2, 2, 4], { phase: 1 }) },
      weights: { weight: waves([5, 4], { phase: 2 }), bias: waves([5], { phase: 3 }) },
    };
    assert.deepEqual(await runGraph({ y }, { ...data, rewrite: split }), await runGraph({ y }, data));
  });
}

Deno.test("joined rows stay joined where all of them change, or none", () => {
  const whole = graph({ outputs: { y: linear() } });
  for (const varying of [["image", "text"], []]) assert.deepEqual(splitRows(whole, { varying }).nodes, whole.nodes);
});

Deno.test("rows stay joined where the product is not taken apart again as they were joined", () => {
  const flat = graph({ outputs: { y: product(reshape(joined, [-1, 4])) } });
  assert.deepEqual(split(flat).nodes, flat.nodes);
  const wide = concat([image, input("more", "float32", ["batch", 3, 4])], { axis: 2 });
  const rows = gemm(reshape(wide, [-1, 8]), parameter("weight", [5, 8]));
  const channels = graph({ outputs: { y: reshape(rows, ["batch", 3, 5]) } });
  assert.deepEqual(split(channels).nodes, channels.nodes);
});
