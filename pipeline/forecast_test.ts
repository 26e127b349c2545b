import assert from "node:assert/strict";
import { ResourceError } from "../errors.ts";
import { measurePicture } from "../bench/measure_picture.ts";
import { checkMemory, type Forecast, forecastMemory, formatBytes } from "./forecast.ts";
import { loadPipeline } from "./pipeline.ts";
import { planSizes } from "./plan.ts";
import { publishedParts, publishedRules } from "./published_parts.ts";

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

/** Peaks of processes that ran one network of the published sizes at 1024 px, of random weights, with `bench/measure.ts`; GB. */
const measured = {
  fp32: { prior: 4.06, decoder: 3.78, pixels: 1.61 },
  int8: { prior: 1.5, decoder: 1.46, pixels: 1.2 },
} as const;

for (const [precision, peaks] of Object.entries(measured)) {
  Deno.test(`the published networks in ${precision} are forecast within 15 % of what processes took, without their files`, () => {
    const parts = publishedParts({ precision: precision as keyof typeof measured });
    const plan = planSizes({ width: 1024, height: 1024 }, publishedRules);
    for (const [stage, found] of Object.entries(peaks)) {
      const { peak } = forecastMemory(parts, plan, { batches: alone, stages: [stage as keyof typeof peaks] });
      assert.ok(
        Math.abs(peak / (found * 1e9) - 1) < 0.15,
        `${stage}: forecast ${formatBytes(peak)}, found ${found} GB`,
      );
    }
  });
}

Deno.test("what runs on a card takes the card's memory, and none of the process's", () => {
  const plan = planSizes({ width: 512, height: 512 }, publishedRules);
  const forecastOn = (devices: Parameters<typeof publishedParts>[0], options = {}) =>
    forecastMemory(publishedParts(devices), plan, { batches: alone, ...options });
  const text = { prior_text_encoder: "cuda", decoder_text_encoder: "cuda" } as const;
  const card = { ...text, prior: "cuda", decoder: "cuda", vqgan: "cuda" } as const;
  const none = forecastOn({ devices: card }, { stages: [] });
  const all = forecastOn({ devices: card });
  assert.deepEqual([all.stage, all.own], ["prior", none.own]);
  // More than Stage C's weights, which are 4 GB.
  assert.ok(all.peak > 4e9 && forecastOn({ devices: card, precision: "fp16" }).peak < 0.65 * all.peak);
  const some = forecastOn({ devices: { ...text, prior: "cuda", decoder: "cuda" } });
  assert.equal(some.stage, "pixels");
  assert.ok(some.own > all.own && some.peak === all.peak);
  const stages = ["prior text", "prior"] as const;
  const kept = forecastOn({ devices: { prior: "cuda" } }, { keepLoaded: true, stages });
  // In two places they do not add up.
  assert.equal(kept.peak, forecastOn({ devices: { prior: "cuda" } }, { stages }).peak);
  // Memory of other devices may be the machine's own.
  assert.ok(forecastOn({ devices: { prior: "webgpu" } }, { stages: ["prior"] }).own > 4e9);
});

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
