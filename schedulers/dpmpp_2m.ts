import { defineScheduler } from "../plugins/define.ts";
import { dpmpp2m } from "./dpmpp_2m_sde.ts";

/**
 * DPM-Solver++(2M) (Lu et al. 2022, https://arxiv.org/abs/2211.01095, algorithm 2): leans on what the step before predicted. With
 * λ = ln(a/b), h = λ' − λ, and r = h_before / h:
 *
 *     D  = x̂₀ + (x̂₀ − x̂₀_before) / (2r),  D = x̂₀ in the first step
 *     x' = b'/b · x + a' · (1 − e^(−h)) · D
 */
export default defineScheduler({
  name: "dpmpp-2m",
  summary: "DPM-Solver++ 2M: deterministic, one evaluation a step, second order",
  paper: "https://arxiv.org/abs/2211.01095",
  create: (_options, context) => dpmpp2m({ eta: 0 }, context),
});
