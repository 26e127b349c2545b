import assert from "node:assert/strict";
import { learningRateFactor, type ScheduleOptions } from "./schedule.ts";

const factors = (steps: readonly number[], options: ScheduleOptions) =>
  steps.map((step) => Number(learningRateFactor(step, options).toFixed(6)));

Deno.test("the warm-up rises in equal parts and reaches the full rate at its last step", () => {
  assert.deepEqual(factors([1, 2, 3, 4, 5, 900], { kind: "constant", warmUp: 4 }), [0.25, 0.5, 0.75, 1, 1, 1]);
});

Deno.test("a constant rate without warm-up is full from the first step", () => {
  assert.deepEqual(factors([1, 2, 1e6], { kind: "constant" }), [1, 1, 1]);
});

Deno.test("a cosine falls from the end of the warm-up to the floor, and stays there", () => {
  const options: ScheduleOptions = { kind: "cosine", warmUp: 2, steps: 10, floor: 0.1 };
  assert.deepEqual(factors([1, 2, 4, 6, 8, 10, 11, 99], options), [0.5, 1, 0.868198, 0.55, 0.231802, 0.1, 0.1, 0.1]);
});

Deno.test("a cosine needs steps beyond its warm-up", () => {
  const message = "Expected a cosine of more than 5 steps but found";
  assert.throws(() => learningRateFactor(5, { kind: "cosine", warmUp: 5, steps: 5 }), new RangeError(`${message} 5`));
  assert.throws(() => learningRateFactor(6, { kind: "cosine", warmUp: 5 }), new RangeError(`${message} undefined`));
});
