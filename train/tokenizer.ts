/**
 * The vocabularies of a model in training.
 * @module
 */
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { statIfThere } from "../files/stat_if_there.ts";
import { namesT5 } from "../networks/text_encoder.ts";
import { loadClipTokenizer } from "../text/load_clip_tokenizer.ts";
import { loadT5Tokenizer } from "../text/load_t5_tokenizer.ts";
import type { TextTokenizer } from "../text/text_tokenizer.ts";
import type { TrainingConfig } from "./config.ts";
import type { VocabularySize } from "./networks.ts";
import { networkFolder, type Start, tokenizerFolder } from "./start.ts";
import type { TrainingData } from "./training_data.ts";
import { trainUnigram } from "./unigram_vocabulary.ts";
import { trainVocabulary } from "./vocabulary.ts";
import { writeT5Tokenizer } from "./write_t5_tokenizer.ts";
import { writeTokenizer } from "./write_tokenizer.ts";

/** The halves of a model, each of which has a tokenizer of its own. */
export const halves = ["prior", "decoder"] as const;
export type Half = typeof halves[number];

/** The tokenizer of a half, out of the folder that {@linkcode prepareTokenizers} filled. */
export async function loadTokenizer(folder: string, half: Half, { model }: TrainingConfig): Promise<TextTokenizer> {
  return await (namesT5(model[`${half}TextEncoder`]) ? loadT5Tokenizer : loadClipTokenizer)(join(folder, half));
}

/**
 * Puts the tokenizers of both halves into `folder/prior` and `folder/decoder`, unless they are there: those of the model that training
 * starts from where it has one, or else one that is learnt from the captions, of the kind that the half's text encoder needs.
 */
export async function prepareTokenizers(
  folder: string,
  config: TrainingConfig,
  data: TrainingData,
): Promise<Record<Half, VocabularySize>> {
  const { start, model: { tokenizer: { size, maxLength } } } = config;
  const sizes: Partial<Record<Half, VocabularySize>> = {};
  for (const half of halves) {
    const own = join(folder, half);
    const isOfT5 = namesT5(config.model[`${half}TextEncoder`]);
    const isThere = await Deno.stat(join(own, "tokenizer_config.json")).then(() => true, () => false);
    const given = start && await givenTokenizer(start, half);
    if (!isThere && given !== undefined) await copyFiles(given, own);
    else if (!isThere && isOfT5) {
      await writeT5Tokenizer(own, await trainUnigram(data.allCaptions(), { size }), { modelMaxLength: maxLength });
    } else if (!isThere) {
      await writeTokenizer(own, await trainVocabulary(data.allCaptions(), { size }), { modelMaxLength: maxLength });
    }
    const tokenizer = await loadTokenizer(folder, half, config);
    // Of CLIP the end is the last one, and what a file adds above it no text encoder of a training knows.
    const ids = 1 + (isOfT5 ? tokenizer.highestId : tokenizer.eosId);
    sizes[half] = { size: ids, eosId: tokenizer.eosId, maxLength: tokenizer.maxLength };
  }
  return sizes as Record<Half, VocabularySize>;
}

/**
 * The tokenizer of a half of the model that training starts from; none where that has no text encoder either, but, say, Stage A alone.
 *
 * @throws {CheckpointError} where there is a text encoder whose vocabulary is missing
 */
async function givenTokenizer(start: Start, half: Half): Promise<string | undefined> {
  const folder = tokenizerFolder(start, half);
  if (folder === undefined || await isFolder(folder)) return folder;
  const encoder = networkFolder(start, `${half}_text_encoder`)!;
  if (!await isFolder(encoder)) return undefined;
  throw new CheckpointError(
    `${folder}: Expected the vocabulary of the text encoder beside it, which training starts from`,
  );
}

async function isFolder(path: string): Promise<boolean> {
  return (await statIfThere(path))?.isDirectory ?? false;
}

async function copyFiles(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    // In the hub's cache files are links.
    if ((await statIfThere(join(from, name)))?.isFile) await Deno.copyFile(join(from, name), join(to, name));
  }
}
