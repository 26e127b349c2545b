import { defineScheduler } from "../plugins/define.ts";
import { noiseLevel } from "./noise_level.ts";
import { weightedSum } from "./weighted_sum.ts";

/**
 * Euler's method down to a lower noise level than asked for, and noise to make up for it (`sample_euler_ancestral` of
 * {@link https://github.com/crowsonkb/k-diffusion/blob/v0.1.1/k_diffusion/sampling.py k-diffusion}). With y = x/a:
 *
 *     up² = σ'² · (σ² − σ'²) / σ²,  down² = σ'² − up²
 *     y'  = y + (down − σ) · ε̂ + up · noise,  x' = a' · y'
 *
 * It is DDIM with η = 1, and so DDPM, in other words.
 */
export default defineScheduler({
  name: "euler-ancestral",
  summary: "Euler's method with fresh noise after each step",
  paper: "https://arxiv.org/abs/2010.02502",
  create: (_options, { schedule, prediction }) => ({
    step({ modelOutput, sample, t, tPrev, noise }) {
      const [now, next] = [noiseLevel(schedule, t), noiseLevel(schedule, tPrev)];
      const up = next.sigma * Math.sqrt(Math.max(0, 1 - (next.sigma / now.sigma) ** 2));
      const down = Math.sqrt(next.sigma ** 2 - up ** 2);
      const slope = prediction.noise({ modelOutput, sample }, now.alphaCumprod);
      return weightedSum([next.a / now.a, sample], [next.a * (down - now.sigma), slope], [next.a * up, noise]);
    },
  }),
});
