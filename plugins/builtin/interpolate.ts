import { z } from "zod";
import { definePrior } from "../define.ts";
import { slerp } from "./slerp.ts";

/**
 * A place between two prompts, two seeds, or both: initial noise and text states are interpolated spherically, and Stage C runs once from
 * there.
 */
export default definePrior({
  name: "interpolate",
  summary: "a place between two prompts, or between the noise of two seeds",
  options: z.strictObject({
    prompt: z.string().optional().describe("the other prompt; the run's own where left out"),
    seed: z.int().min(0).optional().describe("the other seed; the run's own where left out"),
    at: z.number().min(0).max(1).default(0.5).describe("0 is the run's own prompt and seed, 1 the other ones"),
  }),
  create: ({ prompt, seed, at }) => ({
    async *embed({ prompts }, { noise, encode, denoise }) {
      const others = prompts.map((own) => prompt ?? own);
      const text = slerp(yield* encode(prompts), yield* encode(others), { at });
      return yield* denoise(slerp(noise(), noise(seed), { at }), { text });
    },
  }),
});
