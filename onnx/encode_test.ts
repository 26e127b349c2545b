import assert from "node:assert/strict";
import { type ArrayOf, type DType, type Tensor, tensor, tensorBytes } from "../tensor/tensor.ts";
import { Session } from "../runtime/session.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { inputsLike, runGraph, runGraphs } from "../tests/run_graph.ts";
import { type Binding, encodeModel } from "./encode.ts";
import {
  add,
  constant,
  emitOne,
  gemm,
  graph,
  GraphError,
  input,
  matMul,
  mul,
  parameter,
  reshape,
  scope,
  type Value,
} from "./mod.ts";

function floats(shape: readonly number[], from = 0): Tensor<"float32"> {
  const size = shape.reduce((all, dim) => all * dim, 1);
  return tensor("float32", shape, Float32Array.from({ length: size }, (_, i) => from + i));
}

function encode(outputs: Record<string, Value>, bindings: Record<string, Binding> = {}): Uint8Array<ArrayBuffer> {
  return encodeModel(graph({ outputs }), ({ key }) => bindings[key] ?? assert.fail(`no binding for ${key}`));
}

/** How often the text `needle` stands in a model. */
function occurrences(model: Uint8Array, needle: string): number {
  return new TextDecoder("latin1").decode(model).split(needle).length - 1;
}

Deno.test("one session runs any batch", async () => {
  const x = input("x", "float32", ["batch", 3]);
  const y = gemm(x, parameter("weight", [2, 3]));
  const runs = [{ x: floats([1, 3]) }, { x: floats([4, 3]) }];
  const results = await runGraphs({ y }, runs, { weights: { weight: floats([2, 3]) } });
  assert.deepEqual(results.map(({ y }) => y!.shape), [[1, 2], [4, 2]]);
  assert.deepEqual([...results[1]!["y"]!.data as Float32Array], [5, 14, 14, 50, 23, 86, 32, 122]);
});

const stored: { [D in DType]?: ArrayOf[D] } = {
  float32: Float32Array.of(1, -2.5, 0.1, 65504),
  float16: Float16Array.of(1, -2.5, 0.1, 65504),
  // 1, −2.5, 0.10009765625, 3.39e38
  bfloat16: Uint16Array.of(0x3f80, 0xc020, 0x3dcd, 0x7f7f),
  float64: Float64Array.of(1, -2.5, 0.1, 1e300),
};
const widened: { [D in DType]?: number[] } = {
  float32: [1, -2.5, Math.fround(0.1), 65504],
  float16: [1, -2.5, Math.f16round(0.1), 65504],
  bfloat16: [1, -2.5, 0.10009765625, 3.3895313892515355e38],
  float64: [1, -2.5, Math.fround(0.1), Infinity],
};

for (const dtype of Object.keys(stored) as DType[]) {
  Deno.test(`a ${dtype} parameter in a file is read where it lies, as float32`, async () => {
    await inTempFolder(async (folder) => {
      const values = tensor(dtype, [2, 2], stored[dtype]!);
      const bytes = new Uint8Array(64 + 32);
      bytes.set(tensorBytes(values), 64);
      await Deno.writeFile(`${folder}/blob.bin`, bytes);
      const x = input("x", "float32", [2, 2]);
      const model = encode({ y: mul(x, parameter("weight", [2, 2])) }, {
        weight: { kind: "external", dtype, location: "blob.bin", offset: 64 },
      });
      const session = await Session.create(model, { folder });
      const { y } = await session.run({ x: tensor("float32", [2, 2], new Float32Array(4).fill(1)) });
      await session.release();
      assert.deepEqual([...y!.data as Float32Array], widened[dtype]);
    });
  });

  Deno.test(`a ${dtype} parameter in memory is widened too`, async () => {
    const weight = tensor(dtype, [2, 2], stored[dtype]!);
    const { y } = await runGraph({ y: mul(parameter("weight", [2, 2]), 1) }, { weights: { weight } });
    assert.deepEqual([...y!.data as Float32Array], widened[dtype]);
  });
}

Deno.test("a parameter that is only reshaped is stored once, in that shape", async () => {
  const x = input("x", "float32", [1, 100]);
  const weight = reshape(parameter("weight", [3, 100, 1, 1]), [3, 100]);
  const values = floats([3, 100, 1, 1]);
  const model = encode({ y: gemm(x, weight) }, { weight: { kind: "tensor", tensor: values } });
  assert.equal(occurrences(model, "Reshape"), 0);
  assert.ok(model.length < 300 * 4 + 500, `${model.length} bytes`);
  const { y } = await runGraph({ y: gemm(x, weight) }, {
    inputs: { x: floats([1, 100]) },
    weights: { weight: values },
  });
  assert.deepEqual([...y!.data as Float32Array], [328350, 823350, 1318350]);
});

Deno.test("a parameter in two shapes is asked for once, with the shape that it was declared in", async () => {
  const weight = parameter("weight", [2, 3]);
  const asked: unknown[] = [];
  const built = graph({ outputs: { y: matMul(weight, reshape(weight, [3, 2])) } });
  const model = encodeModel(built, (parameter) => {
    asked.push(parameter);
    return { kind: "tensor", tensor: floats([2, 3]) };
  });
  assert.deepEqual(asked, [{ key: "weight", shape: [2, 3] }]);
  const session = await Session.create(model);
  const { y } = await session.run({});
  await session.release();
  assert.deepEqual([...y!.data as Float32Array], [10, 13, 28, 40]);
});

Deno.test("a parameter that is an input has its key and its declared shape, reshaped or not", async () => {
  const x = input("x", "float32", [1, 2]);
  const weight = scope("mapper", () => parameter("weight", [3, 2, 1]));
  const model = encode({ y: gemm(x, reshape(weight, [3, 2])) }, { "mapper.weight": { kind: "input" } });
  const session = await Session.create(model);
  const { y } = await session.run({ x: floats([1, 2]), "mapper.weight": floats([3, 2, 1]) });
  await session.release();
  assert.deepEqual([...y!.data as Float32Array], [1, 3, 5]);
});

Deno.test("names of inputs, outputs and parameters may meet", async () => {
  const x = input("weight", "float32", [2]);
  const sum = add(add(x, parameter("weight", [2])), parameter("constant:0", [2]));
  const outputs = { "Add:0": mul(sum, 2), "constant:1": sum, bias: add(sum, parameter("bias", [2])) };
  const found = await runGraph(outputs, {
    inputs: { weight: floats([2]) },
    weights: { weight: floats([2], 10), "constant:0": floats([2], 100), bias: floats([2], 1000) },
  });
  const values = Object.entries(found).map(([name, { data }]) => [name, [...data as Float32Array]]);
  assert.deepEqual(Object.fromEntries(values), { "Add:0": [220, 226], "constant:1": [110, 113], bias: [1110, 1114] });
});

Deno.test("names that cannot both be kept are an error", () => {
  const x = input("x", "float32", [2]);
  assert.throws(() => encode({ x: mul(x, 2) }), /found two values named "x"/);
  const clash = { y: add(x, parameter("x", [2])) };
  assert.throws(() => encode(clash, { x: { kind: "input" } }), /found two values named "x"/);
});

Deno.test("an output may be an input, a constant, a parameter, a reshaped parameter, or another output", async () => {
  const x = input("x", "float32", [2]);
  const fixed = constant("float32", [2], Float32Array.of(5, 6));
  const weight = parameter("weight", [2, 1]);
  const double = mul(x, 2);
  const outputs = { same: x, fixed, weight, flat: reshape(weight, [2]), double, again: double, third: double };
  const found = await runGraph(outputs, { inputs: { x: floats([2]) }, weights: { weight: floats([2, 1], 7) } });
  const values = Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, [...data as Float32Array]]));
  assert.deepEqual(values, {
    same: [0, 1],
    fixed: [5, 6],
    weight: [7, 8],
    flat: [7, 8],
    double: [0, 2],
    again: [0, 2],
    third: [0, 2],
  });
});

Deno.test("an operand that is left out keeps its place", async () => {
  const x = floats([4]);
  const clip = emitOne("Clip", [inputsLike({ x }).x, undefined, constant("float32", [], Float32Array.of(2))], {
    dtype: "float32",
    shape: [4],
  });
  const { y } = await runGraph({ y: clip }, { inputs: { x } });
  assert.deepEqual([...y!.data as Float32Array], [0, 1, 2, 2]);
});

Deno.test("operators of another set run", async () => {
  const x = floats([3]);
  const quick = emitOne("QuickGelu", [inputsLike({ x }).x], {
    dtype: "float32",
    shape: [3],
    domain: "com.microsoft",
    attributes: { alpha: 1.702 },
  });
  const { y } = await runGraph({ y: quick }, { inputs: { x } });
  const expected = x.data.map((value) => value / (1 + Math.exp(-1.702 * value)));
  expected.forEach((value, i) => assert.ok(Math.abs(value - (y!.data[i] as number)) < 1e-6));
});

Deno.test("a tensor of another size than its parameter's is an error that shows both shapes", () => {
  const x = input("x", "float32", [2]);
  assert.throws(
    () => encode({ y: add(x, parameter("bias", [2])) }, { bias: { kind: "tensor", tensor: floats([3]) } }),
    new GraphError('Expected "bias" to hold [2] but found [3]'),
  );
});

Deno.test("a graph of 10,000 nodes is encoded in less than three seconds and runs", async () => {
  const x = input("x", "float32", [1]);
  let y: Value = x;
  for (let i = 0; i < 5000; i++) y = add(mul(y, 0.5), x);
  const built = graph({ outputs: { y } });
  const start = performance.now();
  const model = encodeModel(built, () => assert.fail("no parameters"));
  assert.ok(performance.now() - start < 3000);
  const session = await Session.create(model, { threads: 1 });
  const found = await session.run({ x: floats([1], 1) });
  await session.release();
  assert.deepEqual([...found["y"]!.data as Float32Array], [2]);
});
