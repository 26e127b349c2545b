import assert from "node:assert/strict";
import { forecastSeconds } from "./forecast_time.ts";
import { stageCosts, workOf } from "./operations.ts";
import { planSizes } from "./plan.ts";
import { publishedParts, publishedRules } from "./published_parts.ts";

/** The machine of `bench/README.md`: products of fp32 at 153 to 195 GFLOP/s, one in 8 bits at 506 to 549. */
const speed = { float: 180e9, byte: 530e9 };

/** Seconds of a step at 1024 px there, Stage C with guidance; what is off by more than 30 % is no forecast. */
const measured = {
  fp32: { prior: 15.1, decoder: 15.4, pixels: 14.7 },
  int8: { prior: 5, decoder: 7.56, pixels: 5.98 },
} as const;

for (const [precision, seconds] of Object.entries(measured)) {
  Deno.test(`a step of each stage at the published sizes takes what was measured in ${precision}, to 30 %`, () => {
    const parts = publishedParts({ precision: precision as keyof typeof measured, devices: {} });
    const plan = planSizes({ width: 1024, height: 1024 }, publishedRules);
    const batches = { prior: { latents: 1, copies: 2 }, decoder: { latents: 1, copies: 1 } };
    const costs = stageCosts(parts, plan, batches);
    for (const [stage, wanted] of Object.entries(seconds)) {
      const cost = costs[stage as keyof typeof seconds]!;
      // What texts decide is computed once a picture and not in each step.
      const work = workOf({ ...cost, onceFlops: 0 }, cost.batch);
      const found = forecastSeconds(work, { speed, kind: "inference" });
      assert.ok(Math.abs(found / wanted - 1) < 0.3, `${stage}: ${found.toFixed(1)} s, measured ${wanted} s`);
    }
  });
}

Deno.test("products in 8 bits count at their own speed, and an operator a little whatever its size", () => {
  const options = { speed: { float: 1, byte: 4 }, kind: "training" } as const;
  assert.equal(forecastSeconds({ flops: 8, nodes: 0 }, options), 16);
  assert.equal(forecastSeconds({ flops: 8, byteFlops: 4, nodes: 0 }, options), 10);
  assert.equal(forecastSeconds({ flops: 0, nodes: 1000 }, options), 0.005);
});
