import assert from "node:assert/strict";
import { channelwise, linear } from "../../networks/layers.ts";
import { runGraph, type Tensors } from "../../tests/run_graph.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { quantizeBlocks4, quantizeRows8, relativeError } from "../../weights/quantize.ts";
import { type Graph, graph } from "../graph.ts";
import { add } from "../ops/elementwise.ts";
import { convTranspose } from "../ops/linear.ts";
import { transpose } from "../ops/shape.ts";
import { input, parameter, scope, type Value } from "../value.ts";
import { multiplyTransposedConvolutions } from "./multiply_transposed_convolutions.ts";
import { type QuantizedLayer, quantizeLinear, type WeightFormat } from "./quantize_linear.ts";

const x = () => input("x", "float32", ["batch", 3, 2, 64]);

/** Numbers of −1 … 1 that look random and are the same every time. */
function numbers(shape: readonly number[], seed = 1): Tensor<"float32"> {
  const size = shape.reduce((all, dim) => all * dim, 1);
  let state = seed;
  // Lehmer's generator with the constants of MINSTD.
  const draw = () => (state = state * 48271 % 2147483647) / 2147483647 * 2 - 1;
  draw();
  return tensor("float32", shape, Float32Array.from({ length: size }, draw));
}

function weightsOf({ parameters }: Graph): Record<string, Tensor> {
  return Object.fromEntries(parameters.map(({ key, shape }, i) => [key, numbers(shape, i + 2)]));
}

/** Weights of a quantised graph: what its layers are made from, in few bits. */
async function quantizedWeights(
  layers: readonly QuantizedLayer[],
  { plain, format }: { plain: Tensors; format: WeightFormat },
): Promise<Record<string, Tensor>> {
  const made: Record<string, Tensor> = { ...plain };
  for (const { name, weight, bias, from, to } of layers) {
    const found = await runGraph({ weight: add(weight, 0), ...(bias ? { bias } : {}) }, { weights: plain });
    const matrix = { rows: to, columns: from, data: found["weight"]!.data as Float32Array };
    if (found["bias"]) made[`${name}.bias`] = found["bias"];
    const { values, scales } = format === "int8" ? quantizeRows8(matrix) : quantizeBlocks4(matrix, { block: 32 });
    made[`${name}.scale`] = tensor("float32", [scales.length], scales as Float32Array<ArrayBuffer>);
    made[`${name}.${format}`] = values instanceof Int8Array
      ? tensor("int8", [from, to], values as Int8Array<ArrayBuffer>)
      : tensor("uint8", [to, from / 32, 16], values as Uint8Array<ArrayBuffer>);
  }
  return made;
}

async function compare(y: Value, format: WeightFormat, rewrite = (graph: Graph) => graph) {
  const plain = graph({ outputs: { y } });
  const { graph: made, layers } = quantizeLinear(rewrite(plain), { format });
  const weights = weightsOf(plain);
  const inputs = { x: numbers([2, 3, 2, 64]) };
  const before = (await runGraph({ y }, { inputs, weights }))["y"]!;
  const own = await quantizedWeights(layers, { plain: weights, format });
  const after = (await runGraph({ y: made.outputs[0]!.value }, { inputs, weights: own }))["y"]!;
  assert.deepEqual(after.shape, before.shape);
  const error = relativeError(after.data as Float32Array, before.data as Float32Array);
  return { error, layers, graph: made, after, inputs, own };
}

Deno.test("a layer in int8 computes just what its whole numbers say", async () => {
  const { after, inputs, own } = await compare(linear("map", x(), { to: 48 }), "int8");
  const rows = inputs.x.data;
  const [low, high] = [Math.min(0, ...rows), Math.max(0, ...rows)];
  const scale = Math.fround((high - low) / 255);
  const even = (value: number) => Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);
  const zero = even(-low / scale);
  const steps = Array.from(rows, (value) => Math.min(255, Math.max(0, even(Math.fround(value / scale)) + zero)) - zero);
  const weight = own["map.weight.int8"]!.data as Int8Array;
  const scales = own["map.weight.scale"]!.data as Float32Array;
  const bias = own["map.bias"]!.data as Float32Array;
  for (let row = 0; row < 12; row++) {
    for (let to = 0; to < 48; to++) {
      let sum = 0;
      for (let from = 0; from < 64; from++) sum += steps[row * 64 + from]! * weight[from * 48 + to]!;
      const wanted = sum * scale * scales[to]! + bias[to]!;
      const found = (after.data as Float32Array)[row * 48 + to]!;
      assert(Math.abs(found - wanted) < 1e-4, `row ${row}, channel ${to}: ${found} and not ${wanted}`);
    }
  }
});

Deno.test("layers that read one tensor round it once", async () => {
  const given = x();
  const y = add(linear("a", given, { to: 64 }), linear("b", given, { to: 64 }));
  const { graph, error } = await compare(y, "int8");
  assert.equal(graph.nodes.filter(({ op }) => op === "DynamicQuantizeLinear").length, 1);
  assert(error < 0.02, `${error}`);
});

for (const [format, bound] of [["int8", 0.02], ["int4", 0.15]] as const) {
  Deno.test(`the pointwise half of a block in ${format} is within ${bound} of fp32, its beta in the bias`, async () => {
    const { error, layers } = await compare(scope("block", () => channelwise(x(), { channels: 64 })), format);
    assert(error > 0 && error < bound, `${error}`);
    assert.deepEqual(layers.map(({ name, bias }) => [name, bias !== undefined]), [
      ["block.channelwise.0.weight", false],
      ["block.channelwise.4.weight", true],
    ]);
  });
}

Deno.test("a transposed convolution becomes four products of whole numbers", async () => {
  const y = scope("up", () => {
    const options = { bias: parameter("bias", [48]), stride: 2, padding: 1 };
    const weight = parameter("weight", [64, 48, 4, 4]);
    return transpose(convTranspose(transpose(x(), [0, 3, 1, 2]), weight, options), [0, 2, 3, 1]);
  });
  const { error, layers } = await compare(y, "int8", multiplyTransposedConvolutions);
  assert.equal(layers.length, 4);
  assert.equal(new Set(layers.map(({ name }) => name)).size, 4);
  assert(error < 0.02, `${error}`);
});

Deno.test("multiplyTransposedConvolutions() keeps the numbers", async () => {
  const weight = parameter("weight", [64, 5, 4, 4]);
  const doubled = convTranspose(transpose(x(), [0, 3, 1, 2]), weight, { stride: 2, padding: 1 });
  const y = transpose(doubled, [0, 2, 3, 1]);
  const data = { inputs: { x: numbers([2, 3, 2, 64]) }, weights: { weight: numbers([64, 5, 4, 4], 5) } };
  const before = await runGraph({ y }, data);
  const made = multiplyTransposedConvolutions(graph({ outputs: { y } }));
  assert(!made.nodes.some(({ op }) => op === "ConvTranspose"));
  const after = await runGraph({ y: made.outputs[0]!.value }, data);
  assert(relativeError(after["y"]!.data as Float32Array, before["y"]!.data as Float32Array) < 1e-6);
});

Deno.test("small layers, layers of one vector a picture and those that are not wanted stay", () => {
  const vector = input("v", "float32", ["batch", 64]);
  const outputs = { narrow: linear("a", x(), { to: 32 }), vector: linear("b", vector, { to: 64 }) };
  assert.deepEqual(quantizeLinear(graph({ outputs }), { format: "int8" }).layers, []);
  const wide = graph({ outputs: { y: linear("c", x(), { to: 64 }) } });
  assert.deepEqual(quantizeLinear(wide, { format: "int8", only: (name) => name !== "c.weight" }).layers, []);
});
