import { z } from "zod";
import { definePostprocessor } from "../define.ts";

/**
 * Paints a picture again from what the compressor and Stage A see in it, as often as is wanted: each pass starts from the one before it
 * (Meng et al. 2021, https://arxiv.org/abs/2108.01073).
 */
export default definePostprocessor({
  name: "refine",
  summary: "paint the picture again from a noised copy of itself",
  paper: "https://arxiv.org/abs/2108.01073",
  options: z.strictObject({
    strength: z.number().positive().max(1).default(0.3).describe("share of Stage B's steps that are taken again"),
    priorStrength: z.number().min(0).max(1).default(0).describe(
      "share of Stage C's steps towards the prompt before them",
    ),
    passes: z.int().min(1).max(100).default(1).describe("how often"),
    prompt: z.string().optional().describe("other text; the picture's own where left out"),
  }),
  create: ({ passes, ...options }) => ({
    async *process(picture, { seed }, { refine }) {
      let refined = picture;
      for (let pass = 1; pass <= passes; pass++) {
        // The noise that the picture was painted from would be noise that it follows.
        refined = yield* refine(refined, { ...options, seed: seed + pass });
      }
      return refined;
    },
  }),
});
