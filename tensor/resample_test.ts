import assert from "node:assert/strict";
import fc from "fast-check";
import { resampling, resamplingMatrix } from "./resample.ts";

const averaging = ["box", "bilinear", "bicubic", "lanczos"] as const;
const length = fc.integer({ min: 1, max: 60 });

Deno.test("resampling() has taps inside of the row that sum to 1, whatever the lengths", () => {
  fc.assert(fc.property(length, length, fc.constantFrom(...averaging), (from, to, filter) => {
    const { starts, counts, width, weights } = resampling(from, to, { filter });
    for (let i = 0; i < to; i++) {
      assert.ok(starts[i]! >= 0 && counts[i]! >= 1 && counts[i]! <= width && starts[i]! + counts[i]! <= from);
      const sum = weights.subarray(i * width, (i + 1) * width).reduce((all, weight) => all + weight, 0);
      assert.ok(Math.abs(sum - 1) < 1e-12, `${filter} ${from} → ${to}: row ${i} sums to ${sum}`);
    }
  }));
});

Deno.test("resampling() to the same length changes nothing", () => {
  for (const filter of [...averaging, "nearest"] as const) {
    const matrix = resamplingMatrix(resampling(4, 4, { filter }));
    matrix.forEach((weight, i) => assert.ok(Math.abs(weight - (i % 5 === 0 ? 1 : 0)) < 1e-15, `${filter} ${i}`));
  }
});

Deno.test("resampling() mirrors: sample i from the left has the weights of sample i from the right", () => {
  for (const filter of ["bilinear", "bicubic", "lanczos"] as const) {
    for (const [from, to] of [[7, 3], [3, 7], [96, 72]] as const) {
      const matrix = resamplingMatrix(resampling(from, to, { filter }));
      matrix.forEach((weight, i) => assert.ok(Math.abs(weight - matrix[matrix.length - 1 - i]!) < 1e-6));
    }
  }
});

Deno.test("a box that halves a row averages pairs", () => {
  const matrix = resamplingMatrix(resampling(4, 2, { filter: "box" }));
  assert.deepEqual(matrix, Float32Array.of(0.5, 0.5, 0, 0, 0, 0, 0.5, 0.5));
});

Deno.test("nearest takes the old sample at the left edge of the new one", () => {
  assert.deepEqual([...resampling(8, 3, { filter: "nearest" }).starts], [0, 2, 5]);
  assert.deepEqual([...resampling(2, 5, { filter: "nearest" }).starts], [0, 0, 0, 1, 1]);
});

Deno.test("resampling() refuses lengths that are no whole numbers above 0", () => {
  for (const bad of [0, -1, 1.5, NaN]) {
    assert.throws(() => resampling(bad, 4, { filter: "box" }), /Expected from to be an integer greater than 0/);
    assert.throws(() => resampling(4, bad, { filter: "box" }), /Expected to to be an integer greater than 0/);
  }
});
