import assert from "node:assert/strict";
import { estimate, tQuantile } from "./statistics.ts";

Deno.test("tQuantile() is that of the tables", () => {
  const wanted = { 1: 12.706, 2: 4.303, 5: 2.571, 10: 2.228, 11: 2.201, 20: 2.086, 30: 2.042, 100: 1.984, 1e6: 1.96 };
  for (const [freedom, value] of Object.entries(wanted)) {
    assert.ok(Math.abs(tQuantile(Number(freedom)) - value) < 6e-4, freedom);
  }
});

Deno.test("estimate() gives mean and 95 % interval: 1, 2, 3, 4 is 2.5 ± 2.054", () => {
  const { mean, margin, count } = estimate([1, 2, 3, 4])!;
  assert.equal(mean, 2.5);
  assert.ok(Math.abs(margin! - 3.1824 * Math.sqrt(5 / 3 / 4)) < 1e-9);
  assert.equal(count, 4);
});

Deno.test("estimate() of none, one, equal and infinite values", () => {
  assert.equal(estimate([]), undefined);
  assert.deepEqual(estimate([3]), { mean: 3, margin: undefined, count: 1 });
  assert.deepEqual(estimate([Infinity, Infinity]), { mean: Infinity, margin: 0, count: 2 });
  assert.deepEqual(estimate([1, Infinity]), { mean: Infinity, margin: undefined, count: 2 });
});
