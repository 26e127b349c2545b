import { openTextParts, t5Classes } from "../../stages/open_text_encoder.ts";
import { TextEncoderStage } from "../../stages/text_encoder.ts";
import { defineTextEncoder } from "../define.ts";

/** T5's encoder, v1.0 and v1.1 (Raffel et al. 2020, https://arxiv.org/abs/1910.10683): `networks/t5_encoder.ts`. */
export default defineTextEncoder({
  name: "t5",
  summary: "T5's encoder; of a whole T5 model the encoder is taken",
  paper: "https://arxiv.org/abs/1910.10683",
  classes: t5Classes,
  async create(_options, context) {
    return new TextEncoderStage(await openTextParts(context.config, context), context.checkpoint, context.options);
  },
});
