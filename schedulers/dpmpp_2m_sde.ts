import { z } from "zod";
import type { Scheduler, SchedulerContext } from "../plugins/contracts/scheduler.ts";
import { defineScheduler } from "../plugins/define.ts";
import { noiseLevel } from "./noise_level.ts";
import { weightedSum } from "./weighted_sum.ts";

/**
 * DPM-Solver++(2M) and its form for the stochastic equation (Lu et al. 2022, https://arxiv.org/abs/2211.01095, algorithm 2 and eq. 18; η as in
 * `sample_dpmpp_2m_sde` of k-diffusion). With λ = ln(a/b), h = λ' − λ, and r = h_before / h:
 *
 *     D  = x̂₀ + (x̂₀ − x̂₀_before) / (2r),  D = x̂₀ in the first step
 *     x' = b'/b · e^(−η·h) · x + a' · (1 − e^(−(1 + η)·h)) · D + b' · √(1 − e^(−2η·h)) · noise
 */
export function dpmpp2m({ eta }: { eta: number }, { schedule, prediction }: SchedulerContext): Scheduler {
  return {
    step({ modelOutput, sample, t, tPrev, noise, history }) {
      const [now, next] = [noiseLevel(schedule, t), noiseLevel(schedule, tPrev)];
      const h = next.lambda - now.lambda;
      // A fine list repeats the clamped ends of the schedule.
      if (h === 0) return sample.slice();
      const [before] = history;
      const hBefore = before === undefined ? 0 : now.lambda - noiseLevel(schedule, before.t).lambda;
      const clean = prediction.clean({ modelOutput, sample }, now.alphaCumprod);
      const push = next.a * -Math.expm1(-(1 + eta) * h);
      const lean = hBefore > 0 ? push * h / (2 * hBefore) : 0;
      return weightedSum(
        [next.b / now.b * Math.exp(-eta * h), sample],
        [push + lean, clean],
        [-lean, before?.clean ?? clean],
        [next.b * Math.sqrt(-Math.expm1(-2 * eta * h)), noise],
      );
    },
  };
}

export default defineScheduler({
  name: "dpmpp-2m-sde",
  summary: "DPM-Solver++ 2M with fresh noise in each step",
  paper: "https://arxiv.org/abs/2211.01095",
  options: z.strictObject({
    eta: z.number().min(0).max(1).default(1).describe("how much of the noise is drawn anew: 0 is dpmpp-2m"),
  }),
  create: dpmpp2m,
});
