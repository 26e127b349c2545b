import assert from "node:assert/strict";
import { drawsOf, type SampleDraws } from "./draws.ts";

Deno.test("drawsOf() gives the same choices for a place, and others for any other place or seed", () => {
  const place = { epoch: 2, position: 40 };
  assert.deepEqual(drawsOf(place, { seed: 9 }), drawsOf({ ...place }, { seed: 9 }));
  const others = [
    drawsOf({ ...place, epoch: 3 }, { seed: 9 }),
    drawsOf({ ...place, position: 41 }, { seed: 9 }),
    drawsOf(place, { seed: 10 }),
    drawsOf(place, { seed: -9 }),
    drawsOf(place, { seed: 9 + 2 ** 32 }),
  ];
  assert.equal(new Set([drawsOf(place, { seed: 9 }), ...others].map(({ cropX }) => cropX)).size, 6);
});

Deno.test("drawsOf() is uniform in [0, 1)", () => {
  const draws = Array.from({ length: 2000 }, (_, position) => drawsOf({ epoch: 0, position }, { seed: 1 }));
  for (const name of ["cropX", "cropY", "flip", "background"] as const satisfies (keyof SampleDraws)[]) {
    const values = draws.map((draw) => draw[name]);
    assert.ok(values.every((value) => value >= 0 && value < 1));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    // Four standard deviations of the mean of 2000 uniform numbers.
    assert.ok(Math.abs(mean - 0.5) < 4 / Math.sqrt(12 * 2000), `${name}: mean ${mean}`);
  }
});
