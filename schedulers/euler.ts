import { defineScheduler } from "../plugins/define.ts";
import { noiseLevel } from "./noise_level.ts";
import { weightedSum } from "./weighted_sum.ts";

/**
 * Euler's method on the probability-flow ODE dy/dσ = ε̂ of y = x/a (Karras et al. 2022, https://arxiv.org/abs/2206.00364, algorithm 1
 * without its correction):
 *
 *     y' = y + (σ' − σ) · ε̂,  x' = a' · y'
 *
 * It is DDIM with η = 0 in other words.
 */
export default defineScheduler({
  name: "euler",
  summary: "Euler's method on the probability-flow ODE: deterministic, one evaluation a step, first order",
  paper: "https://arxiv.org/abs/2206.00364",
  create: (_options, { schedule, prediction }) => ({
    step({ modelOutput, sample, t, tPrev }) {
      const [now, next] = [noiseLevel(schedule, t), noiseLevel(schedule, tPrev)];
      const slope = prediction.noise({ modelOutput, sample }, now.alphaCumprod);
      return weightedSum([next.a / now.a, sample], [next.a * (next.sigma - now.sigma), slope]);
    },
  }),
});
