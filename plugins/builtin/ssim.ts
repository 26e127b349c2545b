import { ssim } from "../../images/ssim.ts";
import { defineMetric } from "../define.ts";

/** Mean structural similarity: `images/ssim.ts`. */
export default defineMetric({
  name: "ssim",
  summary: "mean structural similarity of two pictures; 1 where they are equal",
  paper: "https://doi.org/10.1109/TIP.2003.819861",
  create: () => ({ unit: "", better: "higher", measure: ssim }),
});
