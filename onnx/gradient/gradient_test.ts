import assert from "node:assert/strict";
import { indices, uniform } from "../../tests/check_gradients.ts";
import { evaluate } from "../../tests/interpreter/interpreter.ts";
import {
  add,
  emitOne,
  gather,
  gemm,
  gradient,
  GraphError,
  input,
  mul,
  parameter,
  parametersOf,
  reduceSum,
  scope,
  stopGradient,
  straightThrough,
  sub,
  type Value,
} from "../mod.ts";

const total = (x: Value) => reduceSum(x, { axes: x.shape.map((_, axis) => axis) });

Deno.test("a parameter that was declared twice is one variable", () => {
  const weight = () => scope("layer", () => parameter("weight", [2]));
  const x = input("x", "float32", [2]);
  const loss = total(mul(mul(x, weight()), weight()));
  assert.equal(parametersOf(loss).length, 1);
  const [d] = gradient(loss, parametersOf(loss));
  const bound = { x: uniform([2], { seed: 1 }), "layer.weight": uniform([2], { seed: 2 }) };
  const expected = [0, 1].map((i) => 2 * bound.x.data[i]! * bound["layer.weight"].data[i]!);
  assert.deepEqual([...evaluate({ d: d! }, bound).d.data], expected);
});

Deno.test("parametersOf() lists keys in the order of first use", () => {
  const x = gemm(input("x", "float32", [1, 3]), parameter("b", [2, 3]), { bias: parameter("a", [2]) });
  const keys = parametersOf(add(x, parameter("b", [2, 3]).size(0))).map(({ source }) => "key" in source && source.key);
  assert.deepEqual(keys, ["b", "a"]);
});

Deno.test("a value in between has a gradient, and so have those before it", () => {
  const x = input("x", "float32", [3]);
  const middle = mul(x, 2);
  const [dMiddle, dx] = gradient(total(mul(middle, middle)), [middle, x]);
  const found = evaluate({ dMiddle: dMiddle!, dx: dx! }, { x: { shape: [3], data: Float64Array.of(1, 2, 3) } });
  assert.deepEqual([...found.dMiddle.data], [4, 8, 12]);
  assert.deepEqual([...found.dx.data], [8, 16, 24]);
});

Deno.test("what no path reaches has zeros of its shape", () => {
  const x = input("x", "float32", [2]);
  const [aside, stopped, dx] = gradient(total(mul(x, stopGradient(x))), [
    parameter("aside", [2, 3]),
    stopGradient(x),
    x,
  ]);
  const found = evaluate({ aside: aside!, stopped: stopped!, dx: dx! }, {
    x: { shape: [2], data: Float64Array.of(5, 7) },
  });
  assert.deepEqual(found.aside, { shape: [2, 3], data: new Float64Array(6) });
  assert.deepEqual(found.stopped, { shape: [2], data: new Float64Array(2) });
  assert.deepEqual([...found.dx.data], [5, 7]);
});

Deno.test("straightThrough() has the value of the quantised vector, and hands its gradient to the continuous one", () => {
  const x = input("x", "float32", [2, 3]);
  const codes = input("codes", "int64", [2]);
  const codebook = parameter("codebook", [4, 3]);
  const quantized = straightThrough(x, gather(codebook, codes));
  const loss = total(mul(quantized, quantized));
  const [dx, dCodebook] = gradient(loss, [x, codebook]);
  const bound = { x: uniform([2, 3]), codes: indices([2], [3, 1]), codebook: uniform([4, 3], { seed: 1 }) };
  const found = evaluate({ quantized, dx: dx!, dCodebook: dCodebook! }, bound);
  const rows = [3, 1].flatMap((code) => [...bound.codebook.data.subarray(3 * code, 3 * code + 3)]);
  found.quantized.data.forEach((element, i) => assert.ok(Math.abs(element - rows[i]!) < 1e-15));
  found.dx.data.forEach((element, i) => assert.ok(Math.abs(element - 2 * rows[i]!) < 1e-15));
  assert.deepEqual([...found.dCodebook.data], new Array(12).fill(0));
});

Deno.test("the loss must be one float", () => {
  const x = input("x", "float32", [2]);
  assert.throws(() => gradient(x, [x]), {
    name: "GraphError",
    message: "Expected the loss to be one float but found float32 [2]",
  });
  assert.throws(() => gradient(input("n", "int64", []), []), GraphError);
});

Deno.test("an operator without a gradient is named with its scope, where it is on the way", () => {
  const x = input("x", "float32", [1]);
  const odd = scope("layer", () => emitOne("Mish", [x], { dtype: "float32", shape: [1] }));
  assert.throws(() => gradient(odd, [x]), {
    name: "GraphError",
    message: "gradient.layer: Expected an operator that has a gradient but found Mish",
  });
  const aside = input("y", "float32", [1]);
  const [d] = gradient(sub(aside, odd), [aside]);
  assert.deepEqual([...evaluate({ d: d! }, {}).d.data], [1]);
});

Deno.test("sizes must be numbers, and the message names the value whose size is not", () => {
  const x = input("x", "float32", ["batch", 2]);
  const loss = total(mul(x, 3));
  assert.throws(() => gradient(loss, [x]), {
    name: "GraphError",
    message: "gradient: ReduceSum: Expected known sizes to differentiate by but found [batch, 2]",
  });
});
