/**
 * The vocabularies of a model in training.
 * @module
 */
import { join } from "node:path";
import { loadClipTokenizer } from "../text/load_clip_tokenizer.ts";
import type { TrainingConfig } from "./config.ts";
import type { VocabularySize } from "./networks.ts";
import { tokenizerFolder } from "./start.ts";
import type { TrainingData } from "./training_data.ts";
import { trainVocabulary } from "./vocabulary.ts";
import { writeTokenizer } from "./write_tokenizer.ts";

/** The halves of a model, each of which has a tokenizer of its own. */
export const halves = ["prior", "decoder"] as const;
export type Half = typeof halves[number];

/**
 * Puts the tokenizers of both halves into `folder/prior` and `folder/decoder`, unless they are there: those of the model that training
 * starts from, or else one that is learnt from the captions.
 */
export async function prepareTokenizers(
  folder: string,
  { start, model: { tokenizer: { size, maxLength } } }: TrainingConfig,
  data: TrainingData,
): Promise<Record<Half, VocabularySize>> {
  const sizes: Partial<Record<Half, VocabularySize>> = {};
  for (const half of halves) {
    const own = join(folder, half);
    const isThere = await Deno.stat(join(own, "tokenizer_config.json")).then(() => true, () => false);
    const given = start === undefined ? undefined : tokenizerFolder(start, half);
    if (!isThere && given !== undefined) await copyFiles(given, own);
    else if (!isThere) {
      const vocabulary = await trainVocabulary(data.allCaptions(), { size });
      await writeTokenizer(own, vocabulary, { modelMaxLength: maxLength });
    }
    const tokenizer = await loadClipTokenizer(own);
    sizes[half] = { size: tokenizer.eosId + 1, eosId: tokenizer.eosId, maxLength: tokenizer.maxLength };
  }
  return sizes as Record<Half, VocabularySize>;
}

async function copyFiles(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isFile } of Deno.readDir(from)) {
    if (isFile) await Deno.copyFile(join(from, name), join(to, name));
  }
}
