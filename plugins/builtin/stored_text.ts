import { StoredTextStates } from "../../stages/stored_text_states.ts";
import { defineTextEncoder } from "../define.ts";

/** Text states from a file, made beforehand by any encoder: `stages/stored_text_states.ts`. */
export default defineTextEncoder({
  name: "stored",
  summary: "Text states of known prompts, from a file",
  classes: ["StoredTextStates"],
  create: (_options, context) => Promise.resolve(new StoredTextStates(context.checkpoint, context.options)),
});
