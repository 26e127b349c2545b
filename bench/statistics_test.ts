import assert from "node:assert/strict";
import { median, quantile } from "./statistics.ts";

Deno.test("median() is the middle of an odd count, whatever the order", () => {
  assert.equal(median([9, 1, 5]), 5);
});

Deno.test("median() is the mean of the two in the middle of an even count", () => {
  assert.equal(median([10, 2, 4, 1]), 3);
});

Deno.test("median() of nothing is an error", () => {
  assert.throws(() => median([]), { name: "RangeError", message: "Expected at least one number but found none" });
});

Deno.test("quantile() goes from the smallest to the largest by size, between two values where it falls there", () => {
  const values = [40, 10, 30, 20, 100];
  assert.deepEqual([0, 0.05, 0.5, 0.75, 1].map((at) => quantile(values, at)), [10, 12, 30, 40, 100]);
});
