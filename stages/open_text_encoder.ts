/**
 * Opens a text encoder's folder, whichever family it is of.
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import { CheckpointError } from "../errors.ts";
import { parseConfig } from "../networks/config.ts";
import { isT5, mostTokens, textEncoderSchema } from "../networks/text_encoder.ts";
import { loadClipTokenizer } from "../text/load_clip_tokenizer.ts";
import { loadT5Tokenizer } from "../text/load_t5_tokenizer.ts";
import { type Checkpoint, openCheckpoint } from "../weights/checkpoint.ts";
import { quote } from "../weights/quote.ts";
import { readJson } from "../weights/read_json.ts";
import type { TextEncoderParts } from "./text_encoder.ts";

/** Classes of transformers whose text encoder can be run; of whole T5 models the encoder is taken. */
export const clipClasses = ["CLIPTextModel", "CLIPTextModelWithProjection"] as const;
/** See {@linkcode clipClasses}. */
export const t5Classes = ["T5EncoderModel", "T5Model", "T5ForConditionalGeneration"] as const;

/** Where a text encoder comes from. */
export interface TextEncoderFolders {
  /** Folder of its `config.json`. */
  readonly folder: string;
  /** Folder of its tokenizer. */
  readonly tokenizer: string;
}

const classes = z.object({ _class_name: z.string().optional(), architectures: z.array(z.string()).optional() });

/**
 * Reads what a text encoder is made of, its weights left out, and checks that tokenizer and encoder fit.
 *
 * @param json its `config.json`
 * @throws {CheckpointError} where a file is missing or wrong, the class is another one, or the tokenizer is another model's
 */
export async function openTextParts(
  json: unknown,
  { folder, tokenizer }: TextEncoderFolders,
): Promise<TextEncoderParts> {
  const file = join(folder, "config.json");
  const schema = textEncoderSchema(json);
  const { _class_name, architectures } = parseConfig(classes, json, { file });
  const named = _class_name ?? architectures?.[0];
  const config = parseConfig(schema, json, { file });
  const known: readonly string[] = isT5(config) ? t5Classes : clipClasses;
  if (named !== undefined && !known.includes(named)) {
    const all = [...clipClasses, ...t5Classes].join(", ");
    const key = _class_name === undefined ? "architectures" : "_class_name";
    throw new CheckpointError(`${file}: "${key}": Expected one of ${all} but found ${quote(named)}`);
  }
  const parts = { config, tokenizer: await (isT5(config) ? loadT5Tokenizer(tokenizer) : loadClipTokenizer(tokenizer)) };
  checkTokenizer(parts, { folder, tokenizer });
  return parts;
}

/**
 * Opens a folder with its weights.
 *
 * @throws {CheckpointError} as {@linkcode openTextParts} does, and where the weights are missing or damaged
 */
export async function openTextEncoder(
  folders: TextEncoderFolders,
  { variant }: { variant?: string | undefined } = {},
): Promise<TextEncoderParts & { readonly checkpoint: Checkpoint }> {
  const json = await readJson(join(folders.folder, "config.json"));
  const [parts, checkpoint] = await Promise.all([
    openTextParts(json, folders),
    openCheckpoint(folders.folder, { stem: "model", variant, orPlain: true }),
  ]);
  return { ...parts, checkpoint };
}

/** @throws {CheckpointError} where a tokenizer gives what its text encoder cannot take */
function checkTokenizer({ config, tokenizer }: TextEncoderParts, folders: TextEncoderFolders): void {
  const file = join(folders.folder, "config.json");
  if (tokenizer.highestId >= config.vocab_size) {
    throw new CheckpointError(
      `${folders.tokenizer}: Expected a vocabulary of at most ${config.vocab_size} tokens, as ${file} says (vocab_size), but ` +
        `found the id ${tokenizer.highestId}: take tokenizer and text encoder of one model`,
    );
  }
  if (tokenizer.maxLength > mostTokens(config)) {
    throw new CheckpointError(
      `${join(folders.tokenizer, "tokenizer_config.json")}: "model_max_length": Expected at most ${
        mostTokens(config)
      } ` +
        `tokens, as ${file} says (max_position_embeddings), but found ${tokenizer.maxLength}`,
    );
  }
}
