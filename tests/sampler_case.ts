/**
 * Runs samplers on a problem whose answer is known: data out of a mixture of Gaussians, for which the best prediction has a formula.
 * `tests/fixtures/schedulers/README.md` explains the goldens.
 * @module
 */
import { denoise } from "../pipeline/denoise.ts";
import type { Prediction } from "../plugins/contracts/scheduler.ts";
import type { Plugin } from "../plugins/define.ts";
import { cosineSchedule } from "../schedulers/cosine_schedule.ts";
import { alphaOfLogSnr, noiseLevel } from "../schedulers/noise_level.ts";
import { predictionOf } from "../schedulers/prediction.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { readFixture, readFixtureTensors } from "./read_fixture.ts";

/** The goldens of all samplers, float64. */
export const samplerFixture = readFixture("../schedulers");
/** Goldens of diffusers for what the others leave out. */
export const diffusersTensors = readFixtureTensors("../schedulers/diffusers.safetensors");
/** The schedule of the problem. */
export const schedule = cosineSchedule();

const { weights, means, std } = samplerFixture.manifest["mixture"] as {
  weights: number[];
  means: number[][];
  std: number[];
};

/** ε̂ of points [n, 4] at noise level a, b: the posterior mean of the noise, −b·∇ln p(x). */
export function mixtureNoise(x: Float32Array, { a, b }: { a: number; b: number }): Float32Array {
  const size = means[0]!.length;
  const noise = new Float32Array(x.length);
  for (let from = 0; from < x.length; from += size) {
    const variances = std.map((s) => (a * s) ** 2 + b ** 2);
    const offsets = means.map((mean) => mean.map((value, i) => a * value - x[from + i]!));
    const logs = offsets.map((offset, k) => {
      const squares = offset.reduce((sum, value) => sum + value ** 2, 0);
      return Math.log(weights[k]!) - size / 2 * Math.log(variances[k]!) - squares / (2 * variances[k]!);
    });
    const most = Math.max(...logs);
    const shares = logs.map((log) => Math.exp(log - most));
    const all = shares.reduce((sum, share) => sum + share, 0);
    for (let i = 0; i < size; i++) {
      const score = offsets.reduce((sum, offset, k) => sum + shares[k]! / all * offset[i]! / variances[k]!, 0);
      noise[from + i] = -b * score;
    }
  }
  return noise;
}

/** What a perfect network of some kind of prediction says. */
function perfectOutput(prediction: Prediction, sample: Float32Array, t: number): Float32Array {
  const { a, b } = noiseLevel(schedule, t);
  const noise = mixtureNoise(sample, { a, b });
  const clean = sample.map((x, i) => (x - b * noise[i]!) / a);
  if (prediction.name === "epsilon") return noise;
  return prediction.name === "sample" ? clean : noise.map((e, i) => a * e - b * clean[i]!);
}

/** The golden grid of a name as times. */
export function gridTimes(name: string): number[] {
  return Array.from(samplerFixture.tensor<"float64">(`grid.${name}`).data, (value) => {
    return schedule.timeOf(alphaOfLogSnr(value));
  });
}

/**
 * Leads the golden start points to the data.
 *
 * @returns the samples before the first step and after each, and the clean prediction of each
 */
export async function sampleMixture(
  plugin: Plugin<"scheduler">,
  { times, options = {}, prediction = "epsilon" }: { times: ArrayLike<number>; options?: unknown; prediction?: string },
): Promise<{ x: Float32Array[]; clean: Float32Array[] }> {
  const context = { schedule, prediction: predictionOf(prediction) };
  const start = samplerFixture.tensor<"float64">("x_start");
  const noises = samplerFixture.tensor<"float64">("noise").data;
  const size = start.data.length;
  const latents = tensor("float32", start.shape, Float32Array.from(start.data));
  const x = [latents.data];
  const clean: Float32Array[] = [];
  const steps = denoise({
    ...context,
    stage: "test",
    name: "test",
    scheduler: { name: plugin.name, ...await plugin.create(plugin.options?.parse(options) ?? options, context) },
    timesteps: times,
    scales: Array(times.length - 1).fill(1),
    latents,
    predict: (sample: Tensor<"float32">, { t }) => {
      return Promise.resolve(tensor("float32", sample.shape, perfectOutput(context.prediction, sample.data, t)));
    },
    noise(step) {
      // The goldens stop at 20 steps; what runs longer is deterministic.
      const i = step % 20;
      return tensor("float32", start.shape, Float32Array.from(noises.subarray(i * size, (i + 1) * size)));
    },
  });
  for await (const step of steps) {
    x.push(step.latents.data);
    clean.push(step.clean.data);
  }
  return { x, clean };
}

/** Root mean square of the difference between a sampler's end on n steps of uniform log-SNR and the exact solution of the ODE. */
export async function errorOf(plugin: Plugin<"scheduler">, { times }: { times: ArrayLike<number> }): Promise<number> {
  const { x } = await sampleMixture(plugin, { times });
  const exact = samplerFixture.tensor<"float64">("ode_reference_shift1").data;
  const squares = x.at(-1)!.reduce((sum, value, i) => sum + (value - exact[i]!) ** 2, 0);
  return Math.sqrt(squares / exact.length);
}
