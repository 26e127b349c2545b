import assert from "node:assert/strict";
import { ResourceError } from "../errors.ts";
import { measurePicture } from "../bench/measure_picture.ts";
import { checkMemory, type Forecast, forecastMemory, formatBytes } from "./forecast.ts";
import { loadPipeline } from "./pipeline.ts";
import { planSizes } from "./plan.ts";

const alone = { prior: { latents: 1, copies: 2 }, decoder: { latents: 1, copies: 1 } };

/** The bundled model's forecast for a square picture. */
async function forecast(side: number, options: Partial<Parameters<typeof forecastMemory>[2]> = {}): Promise<Forecast> {
  await using pipeline = await loadPipeline("emoji", { hashWeights: false });
  const plan = planSizes({ width: side, height: side }, pipeline.rules);
  return forecastMemory(pipeline.parts, plan, { batches: alone, ...options });
}

for (const side of [128, 640]) {
  Deno.test({
    name: `the memory of a process that paints ${side} × ${side} px is forecast within 15 %`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const { forecast, own, peak } = await measurePicture({ side });
      for (const [expected, found] of [[forecast.own, own], [forecast.peak, peak]] as const) {
        assert.ok(
          Math.abs(expected / found - 1) < 0.15,
          `forecast ${formatBytes(expected)}, found ${formatBytes(found)}`,
        );
      }
    },
  });
}

Deno.test("memory grows with the picture, the batch, guidance, and with stages that stay loaded", async () => {
  const one = await forecast(1024);
  assert.equal(one.stage, "pixels");
  assert.ok(one.peak > one.own);
  assert.ok((await forecast(2048)).own > 2 * one.own);
  const stages = ["decoder"] as const;
  const plain = await forecast(1024, { stages });
  assert.equal(plain.stage, "decoder");
  for (const decoder of [{ latents: 2, copies: 1 }, { latents: 1, copies: 2 }]) {
    assert.ok((await forecast(1024, { stages, batches: { ...alone, decoder } })).own > plain.own);
  }
  const kept = await forecast(1024, { keepLoaded: true });
  assert.equal(kept.stage, "all stages together");
  assert.ok(kept.own > one.own && kept.peak > one.peak);
});

Deno.test("what does not fit is refused, saying what is needed, what is there and how to go on", async () => {
  const plan = { image: { width: 2048, height: 1024 } };
  const needed = { stage: "pixels", own: 1.24e9, peak: 9e9 };
  await assert.rejects(
    () => checkMemory(plan, needed, { free: 950e6 }),
    new ResourceError(
      "pixels: 2048 × 1024 px needs about 1.2 GB of memory and 950 MB are free: choose a smaller picture or fewer at once, " +
        "or try it all the same with --ignore-memory",
    ),
  );
  // Mapped weights may be dropped and read again.
  await checkMemory(plan, needed, { free: 1.3e9 });
});
