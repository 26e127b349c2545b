import { z } from "zod";
import { type Pixels, withChannels } from "../../images/pixels.ts";
import { definePostprocessor } from "../define.ts";

/** Luma of ITU-R BT.601, as Pillow's `convert("L")` weighs colours. */
const luma = [0.299, 0.587, 0.114] as const;

/** How a picture is stored: type and quality of its file, and its channels. `--format` and the ending of `--output` come first. */
export default definePostprocessor({
  name: "format",
  summary: "type and quality of the file, and grey, colours or alpha",
  options: z.strictObject({
    type: z.enum(["png", "jpg", "webp"]).optional().describe("type of the file where nothing else says it"),
    quality: z.int().min(1).max(100).optional().describe("of JPEG and WebP; 90 where left out"),
    channels: z.enum(["grey", "rgb", "rgba"]).optional().describe("what pixels hold; as they are where left out"),
  }),
  create: ({ type, quality, channels }) => ({
    encoding: { format: type, quality },
    process(picture) {
      if (channels === undefined) return { ...picture, data: picture.data.slice() };
      if (channels === "grey") return grey(picture);
      const changed = withChannels(picture, channels === "rgb" ? 3 : 4);
      return { ...changed, data: changed.data.slice() };
    },
  }),
});

function grey(picture: Pixels): Pixels {
  if (picture.channels === 1) return { ...picture, data: picture.data.slice() };
  const { width, height, data: rgb } = withChannels(picture, 3);
  const data = Uint8Array.from({ length: width * height }, (_, i) => {
    return Math.round(luma.reduce((sum, weight, c) => sum + weight * rgb[3 * i + c]!, 0));
  });
  return { width, height, channels: 1, data };
}
