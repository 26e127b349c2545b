import assert from "node:assert/strict";
import { formatDrift } from "./_run_verify.ts";

Deno.test("a drift shows each network's median and worst layers, then pictures with median and worst", () => {
  const networks = [
    {
      network: "prior" as const,
      precision: "int8" as const,
      layers: [0.03, 0.02, 0.01].map((error, i) => ({ layer: `l${i}`, error })),
    },
    { network: "vqgan" as const, precision: "fp32" as const, layers: [] },
  ];
  const pictures = [
    { prompt: "a fox", seed: 1, psnr: 40 },
    { prompt: "a hat", seed: 2, psnr: 30 },
    { prompt: "a cat", seed: 3, psnr: Infinity },
  ];
  assert.deepEqual(formatDrift({ networks, pictures }, { layers: 2 }).split("\n"), [
    "prior: int8, 3 layers off by 2.00 % in the median",
    "  3.00 %  l0",
    "  2.00 %  l1",
    "vqgan: fp32",
    "40.00 dB  a fox (seed 1)",
    "30.00 dB  a hat (seed 2)",
    "everything  a cat (seed 3)",
    "pictures: 40.00 dB in the median, 30.00 dB at worst",
    "",
  ]);
});
