import assert from "node:assert/strict";
import { tensor } from "../../tensor/tensor.ts";
import { rankOf } from "./nearest.ts";

const rows = tensor("float32", [4, 2], Float32Array.of(0, 0, 3, 4, 1, 0, 10, 10));
const rank = (query: number[], ...wanted: number[]) => rankOf(Float32Array.from(query), rows, { wanted });

Deno.test("rankOf() counts the rows that are nearer", () => {
  assert.deepEqual([0, 1, 2, 3].map((row) => rank([0, 0], row)), [1, 3, 2, 4]);
  assert.deepEqual([0, 1, 2, 3].map((row) => rank([9, 9], row)), [4, 2, 3, 1]);
});

Deno.test("rankOf() takes the nearest of several wanted rows, and does not count the others", () => {
  assert.equal(rank([0, 0], 1, 2), 2);
  assert.equal(rank([0, 0], 3, 0, 2), 1);
  assert.equal(rank([0.9, 0], 3, 1), 3);
});

Deno.test("features that are all the same put the wanted row last", () => {
  const same = tensor("float32", [5, 1], new Float32Array(5).fill(2));
  assert.equal(rankOf(Float32Array.of(2), same, { wanted: [0] }), 5);
});

Deno.test("rankOf() refuses a query of another width, and nothing to look for", () => {
  assert.throws(() => rank([1], 0), RangeError);
  assert.throws(() => rank([1, 2]), RangeError);
});

Deno.test("rankOf() passes over rows that are neither wanted nor among the others", () => {
  const query = Float32Array.of(9, 9);
  assert.equal(rankOf(query, rows, { wanted: [0], others: [1, 2, 3] }), 4);
  assert.equal(rankOf(query, rows, { wanted: [0], others: [2] }), 2);
  assert.equal(rankOf(query, rows, { wanted: [0], others: [] }), 1);
});
