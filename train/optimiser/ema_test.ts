import assert from "node:assert/strict";
import { evaluate } from "../../tests/interpreter/interpreter.ts";
import { input } from "../../onnx/mod.ts";
import { emaDecay, movingAverage } from "./ema.ts";

Deno.test("emaDecay() starts near nothing and ends at its decay", () => {
  assert.deepEqual([1, 8, 89, 1e9].map((step) => emaDecay(step, { decay: 0.99 })), [2 / 11, 0.5, 90 / 99, 0.99]);
});

Deno.test("movingAverage() keeps d of the average and takes 1 − d of the weight", () => {
  const [average, weight] = [input("average", "float32", [2]), input("weight", "float32", [2])];
  const next = movingAverage(average, weight, { rest: input("rest", "float32", []) });
  const found = evaluate({ next }, {
    average: { shape: [2], data: Float64Array.of(4, -8) },
    weight: { shape: [2], data: Float64Array.of(8, 0) },
    rest: { shape: [], data: Float64Array.of(0.25) },
  });
  assert.deepEqual([...found.next.data], [5, -6]);
});
