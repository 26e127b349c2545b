/**
 * A T5 text encoder in a folder of its own, small enough for every test: the tiny network of the fixtures with a vocabulary that it knows.
 * @module
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { copy as copyFolder } from "./copy_folder.ts";

/** Pieces of the vocabulary; each one's id is its place. */
export const tinyPieces = ["<pad>", "</s>", "<unk>", "\u2581", "\u2581a", "\u2581red", "\u2581green", "\u2581apple"];

/** The files of a tokenizer with these pieces and texts of six tokens. */
export function tinyT5Tokenizer({ maxLength = 6 }: { maxLength?: number } = {}) {
  return {
    "tokenizer.json": {
      pre_tokenizer: { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always" },
      post_processor: {
        type: "TemplateProcessing",
        single: [{ Sequence: { id: "A" } }, { SpecialToken: { id: "</s>" } }],
        special_tokens: { "</s>": { ids: [1] } },
      },
      model: { type: "Unigram", unk_id: 2, vocab: tinyPieces.map((piece, id) => [piece, id < 3 ? 0 : -id]) },
    },
    "tokenizer_config.json": { model_max_length: maxLength, extra_ids: 0, tokenizer_class: "T5Tokenizer" },
  };
}

/** Writes the encoder into `folder` and its tokenizer into `folder/tokenizer`. */
export async function writeTinyT5(folder: string, { maxLength }: { maxLength?: number } = {}): Promise<void> {
  await copyFolder(fileURLToPath(new URL("./fixtures/t5/v1_0", import.meta.url)), folder);
  await Deno.mkdir(join(folder, "tokenizer"));
  for (const [name, json] of Object.entries(tinyT5Tokenizer(maxLength === undefined ? {} : { maxLength }))) {
    await Deno.writeTextFile(join(folder, "tokenizer", name), JSON.stringify(json));
  }
}
