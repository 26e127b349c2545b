import { z } from "zod";
import type { Scheduler, SchedulerContext } from "../plugins/contracts/scheduler.ts";
import { defineScheduler } from "../plugins/define.ts";
import { noiseLevel } from "./noise_level.ts";
import { weightedSum } from "./weighted_sum.ts";

/** How much of the noise is drawn anew. */
export const eta: z.ZodDefault<z.ZodNumber> = z.number().min(0).max(1).default(0).describe(
  "how much of the noise is drawn anew: 0 none, 1 as much as DDPM",
);

/**
 * Denoising diffusion implicit models (Song, Meng and Ermon 2020, https://arxiv.org/abs/2010.02502, eq. 12 and 16). With x = a·x₀ + b·ε
 * and primes for the next time:
 *
 *     s  = η · √(b'² / b²) · √(1 − a² / a'²)
 *     x' = a' · x̂₀ + √(b'² − s²) · ε̂ + s · noise
 */
export function ddim({ eta }: { eta: number }, { schedule, prediction }: SchedulerContext): Scheduler {
  return {
    step({ modelOutput, sample, t, tPrev, noise }) {
      const [now, next] = [noiseLevel(schedule, t), noiseLevel(schedule, tPrev)];
      const predicted = { modelOutput, sample };
      const s = eta * (next.b / now.b) * Math.sqrt(Math.max(0, 1 - now.alphaCumprod / next.alphaCumprod));
      return weightedSum(
        [next.a, prediction.clean(predicted, now.alphaCumprod)],
        [Math.sqrt(next.b ** 2 - s ** 2), prediction.noise(predicted, now.alphaCumprod)],
        [s, noise],
      );
    },
  };
}

export default defineScheduler({
  name: "ddim",
  summary: "DDIM: deterministic at η = 0, DDPM at η = 1",
  paper: "https://arxiv.org/abs/2010.02502",
  options: z.strictObject({ eta }),
  create: ddim,
});
