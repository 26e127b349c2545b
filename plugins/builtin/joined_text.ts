import { openJoinedTextEncoder } from "../../stages/joined_text_encoder.ts";
import { defineTextEncoder } from "../define.ts";

/** Several text encoders, token after token, each brought to the width that the model takes: `stages/joined_text_encoder.ts`. */
export default defineTextEncoder({
  name: "joined",
  summary: "Several text encoders in folders of their own, their tokens one after the other",
  classes: ["JoinedTextEncoder"],
  create: (_options, context) => openJoinedTextEncoder(context.config, context),
});
