import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { endToken, startToken, type Vocabulary } from "./vocabulary.ts";

/** Options of {@linkcode writeTokenizer}. */
export interface WriteTokenizerOptions {
  /** Ids of a text, with start, end and padding: the length that the text encoder takes. */
  readonly modelMaxLength: number;
}

/**
 * Writes a vocabulary as a CLIP tokenizer in Hugging Face layout: `vocab.json`, `merges.txt`, `tokenizer_config.json` and
 * `special_tokens_map.json`, byte for byte what transformers' `CLIPTokenizer.save_pretrained` writes (4.57,
 * models/clip/tokenization_clip.py, `save_vocabulary`). Files of these names are replaced.
 *
 * `CLIPTokenizerFast` reads ids equal to ours out of it; the slow class gives other ones to a few texts, since it takes each
 * Chinese character for a word.
 *
 * @param folder is made where it is not there
 * @throws {RangeError} for a length that is no integer of 2 or more
 */
export async function writeTokenizer(
  folder: string,
  { vocab, merges }: Vocabulary,
  { modelMaxLength }: WriteTokenizerOptions,
): Promise<void> {
  if (!Number.isInteger(modelMaxLength) || modelMaxLength < 2) {
    throw new RangeError(`Expected modelMaxLength to be an integer of 2 or more but found ${modelMaxLength}`);
  }
  await mkdir(folder, { recursive: true });
  const files = {
    "vocab.json": vocabularyJson(vocab),
    "merges.txt": ["#version: 0.2", ...merges, ""].join("\n"),
    "tokenizer_config.json": json({
      added_tokens_decoder: Object.fromEntries(
        [startToken, endToken].map((token) => [vocab[token]!, { ...tokenFields(token), special: true }]),
      ),
      bos_token: startToken,
      clean_up_tokenization_spaces: false,
      eos_token: endToken,
      errors: "replace",
      extra_special_tokens: {},
      model_max_length: modelMaxLength,
      pad_token: endToken,
      tokenizer_class: "CLIPTokenizer",
      unk_token: endToken,
    }),
    "special_tokens_map.json": json({
      bos_token: tokenFields(startToken),
      eos_token: tokenFields(endToken),
      pad_token: tokenFields(endToken),
      unk_token: tokenFields(endToken),
    }),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFileAtomic(join(folder, name), new TextEncoder().encode(text), { force: true });
  }
}

/** Sorted by token; made by hand because an object puts keys such as `"7"` first. */
function vocabularyJson(vocab: Vocabulary["vocab"]): string {
  const lines = Object.keys(vocab).sort().map((token) => `  ${JSON.stringify(token)}: ${vocab[token]}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

function tokenFields(content: string) {
  return { content, lstrip: false, normalized: true, rstrip: false, single_word: false };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
