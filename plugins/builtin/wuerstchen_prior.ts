import { priorConfig } from "../../networks/prior.ts";
import { PriorStage } from "../../stages/prior.ts";
import { definePrior } from "../define.ts";
import { partConfig } from "./part_config.ts";

/** Stage C of Würstchen v2 (Pernias et al. 2023, https://arxiv.org/abs/2306.00637): `networks/prior.ts`. */
export default definePrior({
  name: "wuerstchen",
  summary: "Stage C of Würstchen v2",
  paper: "https://arxiv.org/abs/2306.00637",
  classes: ["WuerstchenPrior"],
  create: (_options, context) => new PriorStage(partConfig(priorConfig, context), context.checkpoint, context.options),
});
