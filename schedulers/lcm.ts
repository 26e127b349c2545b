import { defineScheduler } from "../plugins/define.ts";
import { noiseLevel } from "./noise_level.ts";
import { weightedSum } from "./weighted_sum.ts";

/**
 * Sampling of latent consistency models (Luo et al. 2023, https://arxiv.org/abs/2310.04378, algorithm 3), for networks that were trained to
 * predict the data in one step: jump to it, and add the noise of the next level anew.
 *
 *     x' = a' · x̂₀ + b' · noise
 *
 * As `LCMSampler` of Stable Cascade's official code, without the boundary scalings of other implementations.
 */
export default defineScheduler({
  name: "lcm",
  summary: "latent consistency models: for networks that were trained to paint in a few steps",
  paper: "https://arxiv.org/abs/2310.04378",
  create: (_options, { schedule, prediction }) => ({
    step({ modelOutput, sample, t, tPrev, noise }) {
      const next = noiseLevel(schedule, tPrev);
      const clean = prediction.clean({ modelOutput, sample }, schedule.alphaCumprod(t));
      return weightedSum([next.a, clean], [next.b, noise]);
    },
  }),
});
