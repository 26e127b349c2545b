import assert from "node:assert/strict";
import { timestepEmbedding } from "../../networks/timestep_embedding.ts";
import { runGraph } from "../../tests/run_graph.ts";
import { waves } from "../../tests/wave_weights.ts";
import { tensor } from "../../tensor/tensor.ts";
import { cast, cos, type Graph, graph, halfPrecision, input, mul, sin, singlePrecisionAngles } from "../mod.ts";

const operators = ({ nodes }: Graph) => new Set(nodes.map(({ op }) => op));
const dtypes = ({ nodes }: Graph) => new Set(nodes.flatMap(({ outputs }) => outputs.map(({ dtype }) => dtype)));

/** Timesteps: the ends, what schedules take, and others between them. */
const count = 400;
const timesteps = tensor("float32", [count + 1], Float32Array.from({ length: count + 1 }, (_, i) => i / count));

Deno.test("timesteps are embedded within 2.5e-7 of what float64 gives, in float32 and without the runtime's sine", async () => {
  const r = input("r", "float32", ["batch"]);
  const outputs = { even: timestepEmbedding(r, { channels: 64 }), odd: timestepEmbedding(r, { channels: 15 }) };
  const rewritten = singlePrecisionAngles(graph({ outputs }));
  assert.deepEqual([...dtypes(rewritten)], ["float32"]);
  for (const op of ["Sin", "Cos", "Cast"]) assert.equal(operators(rewritten).has(op), false, op);
  const expected = await runGraph(outputs, { inputs: { r: timesteps } });
  const found = await runGraph(outputs, { inputs: { r: timesteps }, rewrite: singlePrecisionAngles });
  for (const name of ["even", "odd"]) {
    const [plain, other] = [expected[name]!.data, found[name]!.data] as [Float32Array, Float32Array];
    const off = other.map((value, i) => Math.abs(value - plain[i]!));
    assert.ok(Math.max(...off) < 2.5e-7, `${name}: off by ${Math.max(...off)}`);
  }
});

Deno.test("angles below zero, and the largest of either sign, are as exact", async () => {
  const x = waves([1, 999], { base: 0, scale: 12_000 });
  const wide = cast(input("x", "float32", [1, 999]), "float64");
  const outputs = { sine: cast(sin(wide), "float32"), cosine: cast(cos(wide), "float32") };
  const found = await runGraph(outputs, { inputs: { x }, rewrite: singlePrecisionAngles });
  x.data.forEach((angle, i) => {
    assert.ok(Math.abs(Math.sin(Number(angle)) - Number(found["sine"]!.data[i])) < 2.5e-7, `sin ${angle}`);
    assert.ok(Math.abs(Math.cos(Number(angle)) - Number(found["cosine"]!.data[i])) < 2.5e-7, `cos ${angle}`);
  });
});

Deno.test("behind half precision, angles stay in 32 bits", () => {
  const r = input("r", "float32", ["batch"]);
  const y = mul(timestepEmbedding(r, { channels: 16 }), 0.5);
  const { nodes } = singlePrecisionAngles(halfPrecision(graph({ outputs: { y } })));
  assert.ok(nodes.some(({ op }) => op === "Floor"));
  for (const { op, outputs } of nodes.slice(0, nodes.findLastIndex(({ op }) => op === "Floor"))) {
    assert.equal(outputs[0]!.dtype, "float32", op);
  }
});

Deno.test("sines of float32, and what is cast for something else, stay as they are", () => {
  const x = input("x", "float32", [4]);
  const plain = graph({ outputs: { y: sin(x), z: cast(mul(cast(x, "float64"), 2), "float32") } });
  assert.deepEqual(singlePrecisionAngles(plain).nodes, plain.nodes);
});
