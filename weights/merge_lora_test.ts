import assert from "node:assert/strict";
import { tensor } from "../tensor/tensor.ts";
import { addLowRankChanges } from "./merge_lora.ts";

const f32 = (shape: number[], ...values: number[]) => tensor("float32", shape, Float32Array.from(values));

Deno.test("addLowRankChanges() is W + Σ scale·up·down", () => {
  const weight = f32([2, 3], 1, 2, 3, 4, 5, 6);
  const first = { up: f32([2, 1], 1, 2), down: f32([1, 3], 1, 0, -1), scale: 0.5 };
  const second = { up: f32([2, 2], 1, 0, 0, 1), down: f32([2, 3], 0, 1, 0, 1, 0, 0), scale: -1 };
  assert.deepEqual([...addLowRankChanges(weight, [first, second]).data], [1.5, 1, 2.5, 4, 5, 5]);
  assert.deepEqual([...weight.data], [1, 2, 3, 4, 5, 6]);
});

Deno.test("addLowRankChanges() takes kernels as matrices, and factors of 16 bits", () => {
  const weight = f32([1, 1, 2, 2], 0, 0, 0, 0);
  const up = tensor("float16", [1, 1, 1, 1], Float16Array.of(2));
  const down = tensor("float16", [1, 1, 2, 2], Float16Array.of(1, 2, 3, 4));
  const { shape, data } = addLowRankChanges(weight, [{ up, down, scale: 1 }]);
  assert.deepEqual([shape, [...data]], [[1, 1, 2, 2], [2, 4, 6, 8]]);
});
