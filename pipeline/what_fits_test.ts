import assert from "node:assert/strict";
import { planSizes } from "./plan.ts";
import { publishedParts, publishedRules } from "./published_parts.ts";
import { describeFitting, fitting, peaksOf } from "./what_fits.ts";

const peaks = [
  { precision: "fp32", whole: 9e9, tiled: 5e9 },
  { precision: "fp16", whole: 6e9, tiled: 3e9 },
  { precision: "int8", whole: 2e9, tiled: 2e9 },
];

Deno.test("the most exact precision that fits is named, and tiles before fewer bits", () => {
  assert.deepEqual([1e9, 2e9, 4e9, 5e9, 9e9].map((room) => describeFitting(fitting(peaks, room))), [
    "–",
    "int8",
    "fp16, tiles",
    "fp32, tiles",
    "fp32",
  ]);
});

const batches = { prior: { latents: 1, copies: 2 }, decoder: { latents: 1, copies: 1 } };

Deno.test("a card takes half in 16 bits, activations too, and nothing in 8 and 4", async () => {
  const plan = planSizes({ width: 512, height: 512 }, publishedRules);
  const vqgan = "cuda";
  const found = await peaksOf(
    (precision) => Promise.resolve(publishedParts({ precision, devices: { vqgan, decoder: vqgan, prior: vqgan } })),
    plan,
    { batches },
  );
  assert.deepEqual(found.map(({ precision }) => precision), ["fp32", "fp16"]);
  const onCard = (precision: "fp32" | "fp16") => {
    const { decoder: { autoencoder: { network } } } = publishedParts({ precision, devices: { vqgan } });
    const { height, width } = plan.decoder;
    return network.deviceMemory({ height, width }, { batch: 1 });
  };
  const ratio = onCard("fp16") / onCard("fp32");
  assert.ok(ratio > 0.45 && ratio < 0.6, String(ratio));
});
