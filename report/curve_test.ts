import assert from "node:assert/strict";
import fc from "fast-check";
import { smoothed, thinned } from "./curve.ts";

function points(count: number, value: (i: number) => number) {
  return Array.from({ length: count }, (_, i) => ({ x: 10 * i, y: value(i) }));
}

Deno.test("smoothed() leaves few points and straight lines as they are", () => {
  const few = points(40, (i) => i % 7);
  assert.deepEqual(smoothed(few), few);
  smoothed(points(1000, () => 3)).forEach(({ y }) => assert(Math.abs(y - 3) < 1e-9));
  const line = smoothed(points(1000, (i) => i)).slice(0, 900);
  line.forEach(({ x, y }) => assert(Math.abs(y - x / 10) < 1e-6));
});

Deno.test("smoothed() begins where the points do and takes most of the noise away", () => {
  const noisy = points(3000, (i) => 5 + (i % 2 ? 1 : -1));
  const curve = smoothed(noisy);
  assert.equal(curve[0]!.y, noisy[0]!.y);
  assert(curve.slice(200).every(({ y }) => Math.abs(y - 5) < 0.1));
});

Deno.test("smoothed() of logarithms keeps a spike small", () => {
  const spike = points(1500, (i) => i === 700 ? 1e6 : 1);
  const highest = (log: boolean) => Math.max(...smoothed(spike, { log }).map(({ y }) => y));
  assert(highest(false) > 1000);
  assert(highest(true) < 2);
});

Deno.test("thinned() keeps order, ends, lowest and highest, and no more than asked for", () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 4, max: 60 }),
      (values, most) => {
        const all = points(values.length, (i) => values[i]!);
        const kept = thinned(all, { most });
        assert(kept.length <= Math.max(most, 0));
        assert(kept.every((point, i) => i === 0 || point.x > kept[i - 1]!.x));
        assert(kept.every((point) => all.includes(point)));
        assert.equal(kept[0], all[0]);
        assert.equal(kept.at(-1), all.at(-1));
        assert.equal(Math.min(...kept.map(({ y }) => y)), Math.min(...values));
        assert.equal(Math.max(...kept.map(({ y }) => y)), Math.max(...values));
      },
    ),
  );
  assert.deepEqual(thinned([]), []);
});
