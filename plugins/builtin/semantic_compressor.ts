import { compressorConfig } from "../../networks/compressor.ts";
import { CompressorStage } from "../../stages/compressor.ts";
import { defineCompressor } from "../define.ts";
import { partConfig } from "./part_config.ts";

/** The semantic compressors: EfficientNetV2-S, and the small one that this program trains (`networks/compressor.ts`). */
export default defineCompressor({
  name: "semantic",
  summary: "pictures to the embeddings of Stage C: EfficientNetV2-S, or the small one that this program trains",
  paper: "https://arxiv.org/abs/2104.00298",
  classes: ["EfficientNetEncoder", "WuerstchenSemanticCompressor"],
  create: (_options, context) => {
    return new CompressorStage(partConfig(compressorConfig, context), context.checkpoint, context.options);
  },
});
