import { CheckpointError } from "../errors.ts";
import type { AddedToken } from "./added_tokens.ts";
import { type Normalizer, readNormalizer, readWordSplitter, type WordSplitter } from "./t5_pipeline.ts";
import { type Fields, fieldsOf, itemsOf, unexpected } from "./tokenizer_fields.ts";
import { readAddedTokens, readTemplate, type TokenizerFiles, TokenizerSource } from "./tokenizer_source.ts";
import { UnigramEncoder, type UnigramModel } from "./unigram_encoder.ts";

/** What the files of a T5 tokenizer say, checked. */
export interface T5TokenizerDefinition {
  normalize: Normalizer;
  words: WordSplitter;
  encoder: UnigramEncoder;
  addedTokens: AddedToken[];
  eosId: number;
  padId: number;
  /** The highest id of the vocabulary. */
  highestId: number;
  /** Length of the ids with eos and padding. */
  maxLength: number;
}

const usualMaxLength = 512;
const usualExtraIds = 100;

/** What T5TokenizerFast takes where no file names a token. */
function usualTokens({ extra_ids }: Fields): Fields {
  const length = typeof extra_ids === "number" ? Math.min(Math.max(0, extra_ids), 1000) : usualExtraIds;
  return {
    eos_token: "</s>",
    unk_token: "<unk>",
    pad_token: "<pad>",
    additional_special_tokens: Array.from({ length }, (_, i) => `<extra_id_${i}>`),
  };
}

/**
 * Reads what a tokenizer folder says, as transformers' `T5TokenizerFast.from_pretrained` does (4.57, tokenization_t5_fast.py).
 *
 * @param folder for messages
 * @throws {CheckpointError} naming file and field
 */
export function readT5TokenizerFiles(files: TokenizerFiles, folder = ""): T5TokenizerDefinition {
  const source = new TokenizerSource(files, { folder, usual: usualTokens });
  const at = (field: string) => source.at("tokenizer.json", field);
  const whole = fieldsOf(source.whole, source.at("tokenizer.json"));
  source.checkSides();
  const model = readModel(fieldsOf(whole.model, at("model")), at);
  const vocab = Object.fromEntries(model.vocab.map(([piece], id) => [piece, id]));
  const added = readAddedTokens(source, vocab);
  const isSplit = source.config.split_special_tokens === true;
  return {
    normalize: readNormalizer(whole.normalizer, at("normalizer")),
    words: readWordSplitter(whole.pre_tokenizer, at("pre_tokenizer")),
    encoder: makeEncoder(model, at("model")),
    addedTokens: added.list().filter(({ special }) => !(special && isSplit)),
    eosId: readEnd(whole, at("post_processor")),
    padId: added.add(source.token("pad_token"), source.tokenAt("pad_token"), { special: true }).id,
    highestId: model.vocab.length - 1,
    maxLength: source.maxLength({ usual: usualMaxLength, least: 1 }),
  };
}

function readModel(model: Fields, at: (field: string) => string): UnigramModel {
  if (model.type !== "Unigram") throw unexpected(at("model.type"), '"Unigram"', model.type);
  if (model.byte_fallback === true) throw unexpected(at("model.byte_fallback"), "false", true);
  const vocab = itemsOf(model.vocab, at("model.vocab")).map((entry, id) => {
    const [piece, score] = itemsOf(entry, at(`model.vocab[${id}]`));
    if (typeof piece !== "string" || !piece.isWellFormed() || typeof score !== "number") {
      throw unexpected(at(`model.vocab[${id}]`), "a piece and its score", piece);
    }
    return [piece, score] as const;
  });
  if (!Number.isInteger(model.unk_id)) throw unexpected(at("model.unk_id"), "an id", model.unk_id);
  return { vocab, unknownId: model.unk_id as number };
}

function makeEncoder(model: UnigramModel, where: string): UnigramEncoder {
  try {
    return new UnigramEncoder(model);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CheckpointError(`${where}: ${cause.message}`, { cause });
  }
}

/** Eos from the post-processor, which is what puts it there. */
function readEnd({ post_processor }: Fields, where: string): number {
  const template = readTemplate(post_processor, where);
  const [text, eosId, ...rest] = template ?? [];
  if (text !== "text" || typeof eosId !== "number" || rest.length > 0) {
    throw unexpected(where, "text, eos", post_processor);
  }
  return eosId;
}
