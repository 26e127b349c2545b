import assert from "node:assert/strict";
import fc from "fast-check";
import { PairQueue } from "./pair_queue.ts";

Deno.test("pop() takes the most frequent pair first, of equals the smallest number", () => {
  const entry = fc.tuple(fc.nat(20), fc.nat(5)).map(([pair, count]) => ({ pair, count }));
  fc.assert(fc.property(fc.array(entry), (entries) => {
    const queue = new PairQueue();
    entries.forEach((one) => queue.push(one));
    const sorted = entries.toSorted((a, b) => b.count - a.count || a.pair - b.pair);
    assert.deepEqual(entries.map(() => queue.pop()), sorted);
    assert.equal(queue.pop(), undefined);
  }));
});

Deno.test("pop() and push() may take turns", () => {
  const queue = new PairQueue();
  queue.push({ pair: 1, count: 3 });
  queue.push({ pair: 2, count: 5 });
  assert.deepEqual(queue.pop(), { pair: 2, count: 5 });
  queue.push({ pair: 0, count: 3 });
  assert.deepEqual([queue.pop()?.pair, queue.pop()?.pair, queue.pop()], [0, 1, undefined]);
});
