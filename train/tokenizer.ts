/**
 * The vocabulary of a model in training.
 * @module
 */
import { join } from "node:path";
import { loadClipTokenizer } from "../text/load_clip_tokenizer.ts";
import type { TrainingConfig } from "./config.ts";
import type { VocabularySize } from "./networks.ts";
import type { TrainingData } from "./training_data.ts";
import { trainVocabulary } from "./vocabulary.ts";
import { writeTokenizer } from "./write_tokenizer.ts";

/**
 * Puts a tokenizer into `folder`, unless one is there: that of the model that training starts from, or one learnt from the captions.
 */
export async function prepareTokenizer(
  folder: string,
  { start, model: { tokenizer: { size, maxLength } } }: TrainingConfig,
  data: TrainingData,
): Promise<VocabularySize> {
  const isThere = await Deno.stat(join(folder, "tokenizer_config.json")).then(() => true, () => false);
  if (!isThere) {
    if (start !== undefined) await copyFiles(join(start, "prior", "tokenizer"), folder);
    else {await writeTokenizer(folder, await trainVocabulary(data.allCaptions(), { size }), {
        modelMaxLength: maxLength,
      });}
  }
  const tokenizer = await loadClipTokenizer(folder);
  return { size: tokenizer.eosId + 1, eosId: tokenizer.eosId };
}

async function copyFiles(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isFile } of Deno.readDir(from)) {
    if (isFile) await Deno.copyFile(join(from, name), join(to, name));
  }
}
