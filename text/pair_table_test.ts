import assert from "node:assert/strict";
import fc from "fast-check";
import { PairTable } from "./pair_table.ts";

Deno.test("PairTable agrees with a Map", () => {
  const number = fc.oneof(fc.nat(3), fc.nat(2 ** 31 - 1));
  fc.assert(fc.property(fc.array(fc.tuple(number, number, fc.integer({ min: -1, max: 2 ** 31 - 3 }))), (entries) => {
    const table = new PairTable();
    const map = new Map<string, number>();
    for (const [left, right, value] of entries) {
      assert.equal(table.get(left, right), map.get(`${left} ${right}`));
      table.set(left, right, value);
      map.set(`${left} ${right}`, value);
    }
    for (const [left, right] of entries) assert.equal(table.get(left, right), map.get(`${left} ${right}`));
  }));
});

Deno.test("PairTable forgets when it is full, and still takes more", () => {
  const table = new PairTable();
  for (let i = 0; i < 200_000; i++) {
    table.set(i, i + 1, i);
    assert.equal(table.get(i, i + 1), i);
  }
  assert.equal(table.get(0, 1), undefined);
});
