import assert from "node:assert/strict";
import fc from "fast-check";
import { MinHeap } from "./min_heap.ts";

Deno.test("MinHeap gives back what was pushed in ascending order", () => {
  fc.assert(fc.property(fc.array(fc.integer()), (values) => {
    const heap = new MinHeap(values.length);
    for (const value of values) heap.push(value);
    assert.equal(heap.size, values.length);
    assert.deepEqual(values.map(() => heap.pop()), values.toSorted((a, b) => a - b));
    assert.equal(heap.size, 0);
  }));
});

Deno.test("MinHeap stays in order when pushes and pops alternate", () => {
  fc.assert(fc.property(fc.array(fc.option(fc.integer())), (steps) => {
    const heap = new MinHeap(steps.length);
    const sorted: number[] = [];
    for (const step of steps) {
      if (step !== null) {
        heap.push(step);
        sorted.push(step);
        sorted.sort((a, b) => a - b);
      } else {
        assert.equal(heap.pop(), sorted.shift() ?? NaN);
      }
    }
  }));
});
