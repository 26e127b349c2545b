import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError } from "../../errors.ts";
import { SampleOrder, type SampleOrderOptions } from "./order.ts";

function take(order: SampleOrder, batches: number): number[] {
  return Array.from({ length: batches }, () => order.next().map(({ index }) => index)).flat();
}

Deno.test("an epoch is torch.randperm() of seed + epoch", () => {
  // g = torch.Generator(); g.manual_seed(7 + epoch); torch.randperm(8, generator=g), torch 2.15
  const order = new SampleOrder(8, { seed: 7, batch: 8 });
  assert.deepEqual(take(order, 1), [7, 0, 3, 4, 1, 5, 2, 6]);
  assert.deepEqual(take(order, 1), [3, 6, 5, 7, 2, 1, 4, 0]);
});

Deno.test("an order that resumes anywhere goes on as the one that was stopped", () => {
  const size = fc.integer({ min: 1, max: 40 });
  fc.assert(fc.property(size, size, fc.integer({ min: 0, max: 20 }), fc.boolean(), (count, batch, stop, grouped) => {
    const groups = Array.from({ length: count }, (_, i) => i % 3);
    const options: SampleOrderOptions = { seed: 3, batch, ...(grouped ? { groups } : {}) };
    const whole = new SampleOrder(count, options);
    take(whole, stop);
    const state = JSON.parse(JSON.stringify(whole.state));
    const resumed = new SampleOrder(count, { ...options, state });
    for (let i = 0; i < 5; i++) assert.deepEqual(resumed.next(), whole.next());
  }));
});

Deno.test("every sample comes once an epoch, and a batch goes on into the next one", () => {
  const order = new SampleOrder(10, { seed: 1, batch: 4 });
  const places = [order.next(), order.next(), order.next(), order.next(), order.next()].flat();
  for (const epoch of [0, 1]) {
    const seen = places.filter((place) => place.epoch === epoch).map(({ index }) => index);
    assert.deepEqual(seen.toSorted((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
  assert.deepEqual(places.map(({ position }) => position), [...Array(20).keys()].map((i) => i % 10));
});

Deno.test("batches by group hold one group each and every sample of it at least once", () => {
  const groups = [0, 0, 1, 0, 0, 0, 2, 1, 0];
  const order = new SampleOrder(groups.length, { seed: 5, batch: 4, groups });
  assert.equal(order.epochLength, 16);
  const seen = new Set<number>();
  for (let i = 0; i < 4; i++) {
    const batch = order.next();
    assert.equal(batch.length, 4);
    assert.equal(new Set(batch.map(({ index }) => groups[index])).size, 1);
    assert.ok(batch.every(({ epoch }) => epoch === 0));
    for (const { index } of batch) seen.add(index);
  }
  assert.equal(seen.size, groups.length);
  assert.equal(order.next()[0]!.epoch, 1);
});

Deno.test("without shuffling samples come by index", () => {
  assert.deepEqual(take(new SampleOrder(3, { seed: 0, batch: 2, shuffle: false }), 3), [0, 1, 2, 0, 1, 2]);
});

Deno.test("one sample fills every batch, no sample is an error", () => {
  assert.deepEqual(take(new SampleOrder(1, { seed: 0, batch: 3 }), 1), [0, 0, 0]);
  assert.throws(() => new SampleOrder(0, { seed: 0, batch: 3 }), ConfigError);
});

Deno.test("SampleOrder refuses states and options that are none of its own", () => {
  assert.throws(
    () => new SampleOrder(4, { seed: 0, batch: 1, state: { epoch: 0, position: 5 } }),
    /position to be 0 to 4/,
  );
  assert.throws(() => new SampleOrder(4, { seed: 0, batch: 1, state: { epoch: -1, position: 0 } }), RangeError);
  assert.throws(() => new SampleOrder(4, { seed: 0, batch: 0 }), /Expected batch to be an integer of at least 1/);
  assert.throws(() => new SampleOrder(4, { seed: 0.5, batch: 1 }), RangeError);
  assert.throws(() => new SampleOrder(4, { seed: 0, batch: 1, groups: [1] }), /groups of 4 samples but found 1/);
});
