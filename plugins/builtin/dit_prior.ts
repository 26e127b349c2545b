import { ditPriorConfig } from "../../networks/dit_prior.ts";
import { PriorStage } from "../../stages/prior.ts";
import { definePrior } from "../define.ts";
import { partConfig } from "./part_config.ts";

/** A diffusion transformer as Stage C (Peebles and Xie 2023, https://arxiv.org/abs/2212.09748): `networks/dit_prior.ts`. */
export default definePrior({
  name: "dit",
  summary: "a diffusion transformer as Stage C",
  paper: "https://arxiv.org/abs/2212.09748",
  classes: ["WuerstchenDiTPrior"],
  create: (_options, context) =>
    new PriorStage(partConfig(ditPriorConfig, context), context.checkpoint, context.options),
});
