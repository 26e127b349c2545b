import { clipClasses, openTextParts } from "../../stages/open_text_encoder.ts";
import { TextEncoderStage } from "../../stages/text_encoder.ts";
import { defineTextEncoder } from "../define.ts";

/** CLIP's text encoder, with and without its projection (Radford et al. 2021, https://arxiv.org/abs/2103.00020): `networks/clip_text.ts`. */
export default defineTextEncoder({
  name: "clip",
  summary: "CLIP's text encoder",
  paper: "https://arxiv.org/abs/2103.00020",
  classes: clipClasses,
  async create(_options, context) {
    return new TextEncoderStage(await openTextParts(context.config, context), context.checkpoint, context.options);
  },
});
