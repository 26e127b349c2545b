import assert from "node:assert/strict";
import fc from "fast-check";
import { linearAxis, logAxis } from "./axis.ts";

Deno.test("linearAxis() has round ticks that cover the values", () => {
  assert.deepEqual(linearAxis(0, 9.3).ticks, [0, 5, 10]);
  assert.deepEqual(linearAxis(0, 20_000).ticks, [0, 5000, 10_000, 15_000, 20_000]);
  assert.deepEqual(linearAxis(0, 2.1 * 2 ** 30, { base: 2 }).ticks, [0, 2 ** 30, 2 * 2 ** 30, 3 * 2 ** 30]);
});

Deno.test("a tight axis ends at the values", () => {
  const axis = linearAxis(0, 17_400, { tight: true });
  assert.deepEqual(axis.ticks, [0, 5000, 10_000, 15_000]);
  assert.equal(axis.place(17_400), 1);
});

Deno.test("logAxis() has ticks at 1, 2 and 5, over many decades at powers of ten", () => {
  assert.deepEqual(logAxis(0.02, 0.6).ticks, [0.02, 0.05, 0.1, 0.2, 0.5]);
  assert.deepEqual(logAxis(1e-6, 1e3).ticks, [1e-6, 1e-4, 1e-2, 1, 100]);
  const axis = logAxis(0.01, 1);
  assert(Math.abs(axis.place(0.1) - 0.5) < 1e-12);
  assert.equal(axis.place(0), 0);
});

Deno.test("places are within 0 and 1 and ascend, ticks are few and inside, whatever the values", () => {
  const value = fc.double({ noNaN: true, min: -1e12, max: 1e12 });
  fc.assert(fc.property(value, value, fc.boolean(), (a, b, tight) => {
    const [low, high] = a < b ? [a, b] : [b, a];
    const axis = linearAxis(low, high, { tight });
    assert(axis.ticks.length <= 12);
    const places = [low, (low + high) / 2, high].map((at) => axis.place(at));
    assert(
      places.every((place, i) => place >= 0 && place <= 1 && (i === 0 || place >= places[i - 1]!)),
      String(places),
    );
  }));
  const positive = fc.double({ noNaN: true, min: 1e-12, max: 1e12 });
  fc.assert(fc.property(positive, positive, (a, b) => {
    const axis = logAxis(Math.min(a, b), Math.max(a, b));
    assert(axis.ticks.length <= 12);
    assert(axis.ticks.every((tick) => axis.place(tick) >= 0 && axis.place(tick) <= 1));
    assert(axis.place(Math.max(a, b)) >= axis.place(Math.min(a, b)));
  }));
});

Deno.test("one value alone has an axis too", () => {
  for (const value of [0, 5, -3, 1e-9]) {
    const { ticks, place } = linearAxis(value, value);
    assert(ticks.length >= 2 && Number.isFinite(place(value)), String(value));
  }
});
