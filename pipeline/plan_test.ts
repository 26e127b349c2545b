import assert from "node:assert/strict";
import { ConfigError } from "../errors.ts";
import { planSizes, type SizeRules } from "./plan.ts";

/** Rules of the published model, whose Stage B has four levels. */
const published: SizeRules = {
  resolutionMultiple: 42.67,
  latentDimScale: 10.67,
  decoderMultiple: 16,
  pixelsPerLatent: 4,
  minSide: 64,
  maxSide: 4096,
};

const side = (pixels: number, rules = published) => {
  const plan = planSizes({ height: pixels, width: 1024 }, rules);
  return [plan.prior.height, plan.decoder.height, plan.decoded.height, plan.crop.top];
};

Deno.test("multiples of 128 px are exact", () => {
  for (let n = 1; n <= 32; n++) assert.deepEqual(side(128 * n), [3 * n, 32 * n, 128 * n, 0]);
});

Deno.test("720 px, which diffusers cannot run, is cut out of 768", () => {
  assert.equal(Math.trunc(Math.ceil(720 / 42.67) * 10.67) % 2, 1);
  assert.deepEqual(side(720), [18, 192, 768, 24]);
});

Deno.test("where diffusers can run a size the latents are diffusers' own", () => {
  let own = 0;
  for (let pixels = 64; pixels <= 4096; pixels++) {
    const n = Math.ceil(pixels / 42.67);
    const cells = Math.trunc(n * 10.67);
    if (cells % 16 !== 0) continue;
    own++;
    assert.deepEqual(side(pixels).slice(0, 2), [n, cells], `${pixels} px`);
  }
  assert.ok(own > 1000);
});

Deno.test("every side from 64 to 4096 px is covered by the smallest latent that divides", () => {
  for (const decoderMultiple of [8, 16, 32]) {
    const rules = { ...published, decoderMultiple };
    for (let pixels = 64; pixels <= 4096; pixels += 7) {
      const [n, cells, decoded, top] = side(pixels, rules) as [number, number, number, number];
      assert.ok(cells % decoderMultiple === 0 && decoded >= pixels && decoded === 4 * cells);
      assert.equal(top, Math.floor((decoded - pixels) / 2));
      for (let smaller = Math.ceil(pixels / 42.67); smaller < n; smaller++) {
        const fits = Math.trunc(smaller * 10.67) % decoderMultiple === 0 && 4 * Math.trunc(smaller * 10.67) >= pixels;
        assert.ok(!fits, `${pixels} px: ${smaller} would do`);
      }
    }
  }
});

for (
  const [wrong, nearest] of [[0, 64], [63, 64], [100_000, 4096], [128.5, 129], [NaN, 64], [Infinity, 4096], [-5, 64]]
) {
  Deno.test(`a side of ${wrong} is refused, naming ${nearest} and its memory`, () => {
    assert.throws(
      () => planSizes({ height: 512, width: wrong! }, published, { forecast: ({ width }) => `${width} bytes` }),
      (error) =>
        error instanceof ConfigError && error.message.includes(`the nearest is ${nearest},`) &&
        error.message.includes(`about ${nearest} bytes`),
    );
  });
}

Deno.test("a scale that no side divides by is an error of the model's file, whichever size is asked for", () => {
  const rules = { ...published, latentDimScale: 0.001, file: "model_index.json" };
  assert.throws(() => side(512, rules), {
    name: "CheckpointError",
    message:
      'model_index.json: "latent_dim_scale": Expected a scale that gives Stage B sides which divide by 16 near 512 px ' +
      "but found 0.001",
  });
});
