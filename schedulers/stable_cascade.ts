import { z } from "zod";
import { defineScheduler } from "../plugins/define.ts";
import { ddim } from "./ddim.ts";
import { shiftTimes } from "./spacings.ts";
import { uniformTimesteps } from "./timesteps.ts";

/**
 * The official sampler of Stable Cascade (`GDF.sample` with `DDPMSampler` of
 * {@link https://github.com/Stability-AI/StableCascade/tree/master/gdf Stability-AI/StableCascade}): DDIM with η = 1 at even times whose
 * log-SNR is shifted by −2·ln(shift), with noise in the last step too. Stage C is sampled with a shift of 2, Stage B with 1; their
 * guidance is rescaled by 0.7.
 */
export default defineScheduler({
  name: "stable-cascade",
  summary: "the official sampler of Stable Cascade: DDPM at times with a shifted log-SNR",
  paper: "https://arxiv.org/abs/2301.11093",
  options: z.strictObject({
    eta: z.number().min(0).max(1).default(1).describe("how much of the noise is drawn anew: 0 none, 1 as DDPM"),
    shift: z.number().positive().max(100).default(2).describe("more noise at every time: 2 for Stage C, 1 for Stage B"),
  }),
  create: ({ eta, shift }, context) => ({
    ...ddim({ eta }, context),
    timesteps: (n) => shiftTimes(uniformTimesteps(n), { shift, schedule: context.schedule }),
  }),
});
