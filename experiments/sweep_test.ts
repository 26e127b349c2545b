import assert from "node:assert/strict";
import { ConfigError } from "../errors.ts";
import { assignments, countCells, sweptKeys } from "./sweep.ts";

Deno.test("a grid goes through every combination, its last key fastest", () => {
  const sweep = { grid: { a: [1, 2], b: ["x", "y"] } };
  assert.deepEqual(assignments(sweep), [{ a: 1, b: "x" }, { a: 1, b: "y" }, { a: 2, b: "x" }, { a: 2, b: "y" }]);
  assert.deepEqual(sweptKeys(sweep), ["a", "b"]);
});

Deno.test("zip goes side by side, list lays settings over one another, and blocks multiply", () => {
  const sweep = { list: [{ a: 1 }, { a: 2, c: 0 }], zip: { x: [1, 2], y: [10, 20] }, grid: { z: [5] } };
  assert.deepEqual(assignments(sweep), [
    { a: 1, x: 1, y: 10, z: 5 },
    { a: 1, x: 2, y: 20, z: 5 },
    { a: 2, c: 0, x: 1, y: 10, z: 5 },
    { a: 2, c: 0, x: 2, y: 20, z: 5 },
  ]);
  assert.equal(countCells(sweep, { times: [3, 2] }), 24);
  assert.deepEqual(sweptKeys(sweep), ["a", "c", "x", "y", "z"]);
});

Deno.test("ranges rise and fall by steps, or have a count, evenly or by equal factors", () => {
  const values = (range: object) =>
    assignments({ grid: { a: { scale: "linear", ...range } as never } }).map(({ a }) => a);
  assert.deepEqual(values({ from: 0.1, to: 0.5, step: 0.1 }), [0.1, 0.2, 0.3, 0.4, 0.5]);
  assert.deepEqual(values({ from: 4, to: 1, step: 1.5 }), [4, 2.5, 1]);
  assert.deepEqual(values({ from: 1, to: 2, count: 3 }), [1, 1.5, 2]);
  assert.deepEqual(values({ from: 1, to: 100, count: 3, scale: "log" }), [1, 10, 100]);
  assert.deepEqual(values({ from: 2, to: 2, step: 1 }), [2]);
});

Deno.test("a sweep of 10⁹ cells is refused with the count, and at once", () => {
  const start = performance.now();
  const range = { from: 1, to: 1000, step: 1, scale: "linear" as const };
  assert.throws(
    () => countCells({ grid: { a: range, b: range, c: range } }, { times: [1] }),
    (error) => error instanceof ConfigError && /make 1,000,000,000 \(1,000 × 1,000 × 1,000\)/.test(error.message),
  );
  assert.throws(() => countCells({}, { times: [5000, 3] }), /make 15,000 \(5,000 × 3\)/);
  assert.ok(performance.now() - start < 500);
});

Deno.test("lists of unequal length cannot go side by side", () => {
  assert.throws(() => countCells({ zip: { a: [1, 2], b: [1] } }, { times: [] }), /found 2 of a and 1 of b$/);
});
