import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { pipeline, specialTokens, type UnigramVocabulary } from "./unigram_vocabulary.ts";

const [pad, end, unknown] = specialTokens;

/**
 * Writes a vocabulary as a T5 tokenizer in Hugging Face layout: `tokenizer.json`, `tokenizer_config.json` and
 * `special_tokens_map.json`, which `T5TokenizerFast` reads. Files of these names are replaced.
 *
 * @param folder is made where it is not there
 * @param options.modelMaxLength ids of a text, with end and padding
 * @throws {RangeError} for a length that is no integer of 1 or more
 */
export async function writeT5Tokenizer(
  folder: string,
  vocab: UnigramVocabulary,
  { modelMaxLength }: { modelMaxLength: number },
): Promise<void> {
  if (!Number.isInteger(modelMaxLength) || modelMaxLength < 1) {
    throw new RangeError(`Expected modelMaxLength to be an integer of 1 or more but found ${modelMaxLength}`);
  }
  await mkdir(folder, { recursive: true });
  const text = { Sequence: { id: "A", type_id: 0 } };
  const eos = { SpecialToken: { id: end, type_id: 0 } };
  const second = [{ Sequence: { id: "B", type_id: 0 } }, eos];
  const files = {
    "tokenizer.json": {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: specialTokens.map((content, id) => ({ id, ...tokenFields(content) })),
      ...pipeline,
      post_processor: {
        type: "TemplateProcessing",
        single: [text, eos],
        pair: [text, eos, ...second],
        special_tokens: { [end]: { id: end, ids: [specialTokens.indexOf(end)], tokens: [end] } },
      },
      decoder: pipeline.pre_tokenizer.pretokenizers[1],
      model: { type: "Unigram", unk_id: specialTokens.indexOf(unknown), vocab, byte_fallback: false },
    },
    "tokenizer_config.json": {
      added_tokens_decoder: Object.fromEntries(specialTokens.map((content, id) => [id, tokenFields(content)])),
      additional_special_tokens: [],
      clean_up_tokenization_spaces: false,
      eos_token: end,
      extra_ids: 0,
      model_max_length: modelMaxLength,
      pad_token: pad,
      tokenizer_class: "T5Tokenizer",
      unk_token: unknown,
    },
    "special_tokens_map.json": { eos_token: end, pad_token: pad, unk_token: unknown },
  };
  for (const [name, value] of Object.entries(files)) {
    const bytes = new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
    await writeFileAtomic(join(folder, name), bytes, { force: true });
  }
}

function tokenFields(content: string) {
  return { content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}
