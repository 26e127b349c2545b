import { diffNeXtConfig } from "../../networks/diffnext.ts";
import { DecoderStage } from "../../stages/decoder.ts";
import { defineDecoder } from "../define.ts";
import { partConfig } from "./part_config.ts";

/** Stage B of Würstchen v2 (Pernias et al. 2023, https://arxiv.org/abs/2306.00637): `networks/diffnext.ts`. */
export default defineDecoder({
  name: "diffnext",
  summary: "Stage B of Würstchen v2",
  paper: "https://arxiv.org/abs/2306.00637",
  classes: ["WuerstchenDiffNeXt"],
  create: (_options, context) => {
    return new DecoderStage(partConfig(diffNeXtConfig, context), context.checkpoint, context.options);
  },
});
