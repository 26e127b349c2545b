import { z } from "zod";
import { resize } from "../../images/resize.ts";
import { definePostprocessor } from "../define.ts";

const side = z.int().min(1).max(65536).optional();

/** Another size: `images/resize.ts`, which gives the bytes of Pillow. */
export default definePostprocessor({
  name: "resize",
  summary: "another size, by Lanczos, bicubic or other filters",
  options: z.strictObject({
    width: side.describe("pixels; follows from the height where left out"),
    height: side.describe("pixels; follows from the width where left out"),
    scale: z.number().positive().max(64).optional().describe("factor in place of a width and a height"),
    filter: z.enum(["lanczos", "bicubic", "bilinear", "box", "nearest"]).default("lanczos").describe(
      "how pixels are made",
    ),
  }).refine(
    ({ width, height, scale }) => (scale === undefined) !== (width === undefined && height === undefined),
    "Expected width, height or both, or scale alone",
  ),
  create: ({ width, height, scale, filter }) => ({
    process(picture) {
      const factor = scale ?? (width === undefined ? height! / picture.height : width / picture.width);
      const size = {
        width: width ?? Math.max(1, Math.round(picture.width * factor)),
        height: height ?? Math.max(1, Math.round(picture.height * factor)),
      };
      return resize(picture, size, { filter });
    },
  }),
});
