import assert from "node:assert/strict";
import { minSnrWeight, p2Weight, signalToNoise } from "./loss_weights.ts";

const levels = [0.001, 0.1, 0.5, 0.9, 0.999];
const near = (found: number, wanted: number) =>
  assert.ok(Math.abs(found - wanted) <= 1e-12 * Math.abs(wanted), `${found} and not ${wanted}`);

Deno.test("p2Weight() is 1/(k + SNR)^γ, and 1 − ᾱ by default", () => {
  for (const level of levels) {
    near(p2Weight(level), 1 - level);
    near(p2Weight(level, { k: 0.5, gamma: 1.5 }), (0.5 + signalToNoise(level)) ** -1.5);
  }
});

Deno.test("p2Weight() of a clean sample is 0 and of pure noise k^−γ", () => {
  assert.equal(p2Weight(1), 0);
  near(p2Weight(0, { k: 2, gamma: 3 }), 1 / 8);
});

Deno.test("minSnrWeight() cuts the signal-to-noise ratio at γ, whatever is predicted", () => {
  for (const level of levels) {
    const snr = signalToNoise(level);
    for (const gamma of [1, 5]) {
      near(minSnrWeight(level, { gamma }), Math.min(snr, gamma) / snr);
      near(minSnrWeight(level, { gamma, prediction: "sample" }), Math.min(snr, gamma));
      near(minSnrWeight(level, { gamma, prediction: "v" }), Math.min(snr, gamma) / (snr + 1));
    }
  }
});

Deno.test("minSnrWeight() of pure noise and of a clean sample are numbers", () => {
  assert.equal(minSnrWeight(0), 1);
  assert.equal(minSnrWeight(1), 0);
  assert.equal(minSnrWeight(0, { prediction: "v" }), 0);
  assert.equal(minSnrWeight(1, { prediction: "v" }), 0);
  assert.equal(minSnrWeight(1, { prediction: "sample" }), 5);
});
