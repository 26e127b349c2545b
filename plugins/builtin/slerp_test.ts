import assert from "node:assert/strict";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { assertClose } from "../../tests/read_fixture.ts";
import { slerp } from "./slerp.ts";

const row = (...values: number[]): Tensor<"float32"> =>
  tensor("float32", [1, values.length], Float32Array.from(values));

Deno.test("slerp() goes along the arc: both ends, the middle, and an even length between different ones", () => {
  assertClose(slerp(row(1, 0), row(0, 1), { at: 0 }), row(1, 0), 1e-7, "start");
  assertClose(slerp(row(1, 0), row(0, 1), { at: 1 }), row(0, 1), 1e-7, "end");
  assertClose(slerp(row(1, 0), row(0, 1), { at: 0.5 }), row(Math.SQRT1_2, Math.SQRT1_2), 1e-7, "middle");
  assertClose(slerp(row(2, 0), row(0, 4), { at: 0.5 }), row(3 * Math.SQRT1_2, 3 * Math.SQRT1_2), 1e-6, "length");
});

Deno.test("slerp() takes each row for itself, and a straight line where there is no arc", () => {
  const two = (a: number[], b: number[]) => tensor("float32", [2, 2], Float32Array.from([...a, ...b]));
  const found = slerp(two([1, 0], [1, 1]), two([0, 1], [3, 3]), { at: 0.5 });
  assertClose(found, two([Math.SQRT1_2, Math.SQRT1_2], [2, 2]), 1e-6, "rows");
  assertClose(slerp(row(1, 0), row(-1, 0), { at: 0.25 }), row(0.5, 0), 1e-6, "opposite");
  assertClose(slerp(row(0, 0), row(2, 0), { at: 0.5 }), row(1, 0), 1e-6, "nothing");
});

Deno.test("slerp() keeps noise noise: its deviation stays, where a straight line's falls", () => {
  const noise = (phase: number) =>
    Float32Array.from({ length: 4096 }, (_, i) => Math.sqrt(2) * Math.sin(i * i * 0.37 + phase * i));
  const middle = slerp(row(...noise(0)), row(...noise(1.7)), { at: 0.5 }).data;
  const deviation = Math.sqrt(middle.reduce((sum, value) => sum + value * value, 0) / middle.length);
  assert(Math.abs(deviation - 1) < 0.05, `${deviation}`);
});

Deno.test("slerp() refuses tensors of two shapes", () => {
  assert.throws(() => slerp(row(1), row(1, 2), { at: 0 }), { name: "RangeError", message: /\[1, 1\] and \[1, 2\]/ });
});
