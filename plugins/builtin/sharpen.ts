import { z } from "zod";
import { definePostprocessor } from "../define.ts";
import { unsharpMask } from "./unsharp_mask.ts";

/** Sharper edges by an unsharp mask. Alpha stays as it is. */
export default definePostprocessor({
  name: "sharpen",
  summary: "sharper edges, by an unsharp mask",
  options: z.strictObject({
    radius: z.number().min(0.1).max(50).default(1).describe("standard deviation of the blur in pixels"),
    amount: z.number().min(0).max(10).default(0.5).describe("how much of the difference from the blur is added"),
    threshold: z.number().min(0).max(255).default(0).describe("least difference, of 0 to 255, that is added"),
  }),
  create: (options) => ({ process: (picture) => unsharpMask(picture, options) }),
});
