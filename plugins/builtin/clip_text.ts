import { join } from "node:path";
import { CheckpointError } from "../../errors.ts";
import { type ClipTextConfig, clipTextConfig } from "../../networks/clip_text.ts";
import { TextEncoderStage } from "../../stages/text_encoder.ts";
import type { ClipTokenizer } from "../../text/clip_tokenizer.ts";
import { loadClipTokenizer } from "../../text/load_clip_tokenizer.ts";
import { defineTextEncoder } from "../define.ts";
import { partConfig } from "./part_config.ts";

/** CLIP's text encoder, with and without its projection (Radford et al. 2021, https://arxiv.org/abs/2103.00020): `networks/clip_text.ts`. */
export default defineTextEncoder({
  name: "clip",
  summary: "CLIP's text encoder",
  paper: "https://arxiv.org/abs/2103.00020",
  classes: ["CLIPTextModel", "CLIPTextModelWithProjection"],
  async create(_options, context) {
    const config = partConfig(clipTextConfig, context);
    const tokenizer = await loadClipTokenizer(context.tokenizer);
    checkTokenizer(tokenizer, config, { tokenizer: context.tokenizer, textEncoder: context.folder });
    return new TextEncoderStage({ config, tokenizer }, context.checkpoint, context.options);
  },
});

/** @throws {CheckpointError} where a tokenizer gives what its text encoder cannot take */
function checkTokenizer(
  { highestId, maxLength }: ClipTokenizer,
  { vocab_size, max_position_embeddings }: ClipTextConfig,
  { tokenizer, textEncoder }: { tokenizer: string; textEncoder: string },
): void {
  const config = join(textEncoder, "config.json");
  if (highestId >= vocab_size) {
    throw new CheckpointError(
      `${tokenizer}: Expected a vocabulary of at most ${vocab_size} tokens, as ${config} says (vocab_size), but found the ` +
        `id ${highestId}: take tokenizer and text encoder of one model`,
    );
  }
  if (maxLength > max_position_embeddings) {
    throw new CheckpointError(
      `${
        join(tokenizer, "tokenizer_config.json")
      }: "model_max_length": Expected at most ${max_position_embeddings} tokens, ` +
        `as ${config} says (max_position_embeddings), but found ${maxLength}`,
    );
  }
}
