import assert from "node:assert/strict";
import type { Timings } from "../pipeline/types.ts";
import { Grouping } from "./_grouping.ts";

/** Times of a group of `runs` that loads for `load` seconds and paints each picture in `run`. */
function timings({ load, run, runs = 1 }: { load: number; run: number; runs?: number }): Timings {
  const stages = {
    prior: { load: load / 2, run: runs * run / 4, steps: 1, evaluations: 1 },
    decoder: { load: load / 2, run: runs * 3 * run / 4, steps: 1, evaluations: 1 },
  };
  return { stages, total: load + runs * run };
}

const heavy = { bytes: 12e9, keepLoaded: false };

Deno.test("networks of up to 1 GB stay loaded, and every picture is made alone", () => {
  const grouping = new Grouping(3, { bytes: 1e9, keepLoaded: false });
  assert.deepEqual([grouping.keepsLoaded, grouping.rest], [true, [1, 1, 1]]);
  grouping.finish(timings({ load: 100, run: 1 }));
  assert.deepEqual(grouping.rest, [1, 1]);
  assert.equal(new Grouping(1, { bytes: 1e6, keepLoaded: false }).keepsLoaded, false);
  assert.equal(new Grouping(3, { ...heavy, keepLoaded: true }).keepsLoaded, true);
});

Deno.test("of a heavy model the first picture is made alone", () => {
  const grouping = new Grouping(20, heavy);
  assert.deepEqual([grouping.keepsLoaded, grouping.rest[0]], [false, 1]);
});

Deno.test("the next groups are the smallest whose loading takes a tenth of their time", () => {
  for (
    const [load, run, size] of [
      [20, 800, 1], // 1024 px on two cores: loading is 2 % of it
      [20, 180, 1],
      [20, 100, 2],
      [20, 45, 4],
      [20, 1, 8],
      [0, 1, 1],
      [0, 0, 1],
    ] as const
  ) {
    const grouping = new Grouping(20, heavy);
    grouping.finish(timings({ load, run }));
    assert.equal(grouping.rest[0], size, `${load} s, ${run} s`);
    if (size > 1 && size < 8) assert.ok(load / (load + size * run) <= 0.1 && load / (load + (size - 1) * run) > 0.1);
  }
});

Deno.test("groups are weighed anew after each, and the last has what is left", () => {
  const grouping = new Grouping(12, heavy);
  grouping.finish(timings({ load: 1000, run: 1 }));
  assert.deepEqual(grouping.rest, [8, 3]);
  grouping.finish(timings({ load: 20, run: 100, runs: 8 }));
  assert.deepEqual(grouping.rest, [2, 1]);
});
