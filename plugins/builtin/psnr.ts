import { psnr } from "../../images/psnr.ts";
import { defineMetric } from "../define.ts";

/** Peak signal-to-noise ratio: `images/psnr.ts`. */
export default defineMetric({
  name: "psnr",
  summary: "peak signal-to-noise ratio of two pictures in dB; Infinity where they are equal",
  create: () => ({
    unit: "dB",
    better: "higher",
    measure: (picture, reference) => psnr(picture.data, reference.data, { peak: 255 }),
  }),
});
