import { defineScheduler } from "../plugins/define.ts";
import { noiseLevel } from "./noise_level.ts";
import { spacedTimesteps } from "./spacings.ts";
import { weightedSum } from "./weighted_sum.ts";

/**
 * Heun's method on the probability-flow ODE dy/dσ = ε̂ of y = x/a (Karras et al. 2022, https://arxiv.org/abs/2206.00364, algorithm 1):
 * an Euler step, and another one with the mean of the slopes at both ends.
 *
 *     ỹ  = y + (σ' − σ) · ε̂(x, t)
 *     y' = y + (σ' − σ) · (ε̂(x, t) + ε̂(a'·ỹ, t')) / 2,  x' = a' · y'
 *
 * Its steps are spread as in that paper unless told: even times begin with a step over most of σ, which the mean of two slopes overshoots.
 */
export default defineScheduler({
  name: "heun",
  summary: "Heun's method on the probability-flow ODE: deterministic, two evaluations a step, second order",
  paper: "https://arxiv.org/abs/2206.00364",
  create: (_options, { schedule, prediction }) => ({
    evaluations: 2,
    timesteps: (n) => spacedTimesteps(n, { spacing: "karras", schedule }),
    async step({ modelOutput, sample, t, tPrev, predict }) {
      const [now, next] = [noiseLevel(schedule, t), noiseLevel(schedule, tPrev)];
      const span = next.a * (next.sigma - now.sigma);
      const here = prediction.noise({ modelOutput, sample }, now.alphaCumprod);
      const guess = weightedSum([next.a / now.a, sample], [span, here]);
      const outputThere = await predict(guess, tPrev);
      const there = prediction.noise({ modelOutput: outputThere, sample: guess }, next.alphaCumprod);
      return weightedSum([next.a / now.a, sample], [span / 2, here], [span / 2, there]);
    },
  }),
});
