import { CheckpointError } from "../errors.ts";
import { type AddedToken, tokenContent } from "./added_tokens.ts";
import { BytePairEncoder, type BytePairModel, tokenId } from "./byte_pair_encoder.ts";
import { checkClipPipeline } from "./clip_pipeline.ts";
import { type Fields, fieldsOf, itemsOf, unexpected } from "./tokenizer_fields.ts";
import { isId, readAddedTokens, readTemplate, type TokenizerFiles, TokenizerSource } from "./tokenizer_source.ts";

/** The files of a CLIP tokenizer. */
export type ClipTokenizerFiles = TokenizerFiles;

/** What the files say, checked. */
export interface ClipTokenizerDefinition {
  encoder: BytePairEncoder;
  addedTokens: AddedToken[];
  bosId: number;
  eosId: number;
  padId: number;
  /** Length of the ids with bos, eos and padding. */
  maxLength: number;
}

const usualMaxLength = 77;
/** The rules that the reference reads of a merges.txt, after its first line: those of CLIP's vocabulary of 49,408. */
const mostMerges = 49_152 - 256 - 2;

/** What CLIPTokenizerFast takes where no file names a token. */
const usualTokens: Fields = {
  bos_token: "<|startoftext|>",
  eos_token: "<|endoftext|>",
  unk_token: "<|endoftext|>",
  pad_token: "<|endoftext|>",
};
/** Built from vocab.json, the reference looks for these in the normalised text. */
const normalizedRoles = ["bos_token", "eos_token", "unk_token"];

/**
 * Reads what a tokenizer folder says, as transformers' `CLIPTokenizerFast.from_pretrained` does (4.57,
 * tokenization_utils_base.py, `_from_pretrained`; tokenization_utils_fast.py, `__init__`).
 *
 * Special tokens come from `tokenizer_config.json`; `special_tokens_map.json` and `added_tokens.json` count only where
 * the config has no `added_tokens_decoder`. A pad token such as `"!"` thereby is a special token wherever it stands in
 * a text.
 *
 * @param folder for messages
 * @throws CheckpointError naming file and field
 */
export function readClipTokenizerFiles(files: ClipTokenizerFiles, folder = ""): ClipTokenizerDefinition {
  const source = new TokenizerSource(files, { folder, usual: () => usualTokens });
  const { whole, config } = source;
  if (whole !== undefined) checkClipPipeline(whole, source.at("tokenizer.json"));
  source.checkSides();
  const { vocab, merges, suffix, unknown } = whole === undefined ? readParts(source) : readWhole(source, whole);
  const added = readAddedTokens(source, vocab, { normalizedRoles });
  const idOf = (role: string) => added.add(source.token(role), source.tokenAt(role), { special: true }).id;
  const unknownId = tokenId(vocab, unknown) ?? added.list().find(({ content }) => content === unknown)?.id;
  if (unknownId === undefined) {
    throw unexpected(source.at("tokenizer.json", "model.unk_token"), "a token that there is", unknown);
  }
  const isSplit = config.split_special_tokens === true;
  return {
    encoder: makeEncoder({ vocab, merges, suffix, unknownId }, source),
    addedTokens: added.list().filter(({ special }) => !(special && isSplit)),
    ...(whole === undefined ? { bosId: idOf("bos_token"), eosId: idOf("eos_token") } : readFrame(source, whole)),
    padId: idOf("pad_token"),
    maxLength: source.maxLength({ usual: usualMaxLength, least: 2 }),
  };
}

/** The model of BPE with the unknown token still by name. */
interface NamedModel extends Omit<BytePairModel, "unknownId"> {
  unknown: string;
}

function readWhole(source: TokenizerSource, whole: Fields): NamedModel {
  const model = fieldsOf(whole.model, source.at("tokenizer.json", "model"));
  const merges = itemsOf(model.merges, source.at("tokenizer.json", "model.merges")).map((rule, rank) => {
    const isPair = Array.isArray(rule) && rule.length === 2 && rule.every((part) => typeof part === "string");
    return checkRule(isPair ? rule.join(" ") : rule, source.at("tokenizer.json", `model.merges[${rank}]`));
  });
  const suffix = model.end_of_word_suffix;
  if (typeof suffix !== "string") {
    throw unexpected(source.at("tokenizer.json", "model.end_of_word_suffix"), '"</w>"', suffix);
  }
  if (typeof model.unk_token !== "string") {
    throw unexpected(source.at("tokenizer.json", "model.unk_token"), "a token", model.unk_token);
  }
  return {
    vocab: fieldsOf(model.vocab, source.at("tokenizer.json", "model.vocab")),
    merges,
    suffix,
    unknown: model.unk_token,
  };
}

function readParts(source: TokenizerSource): NamedModel {
  const vocab = fieldsOf(source.files["vocab.json"], source.at("vocab.json"));
  const text = source.files["merges.txt"];
  if (typeof text !== "string") throw unexpected(source.at("merges.txt"), "merge rules, one a line", text);
  const lines = text.trim().split(/\r?\n/).slice(1, 1 + mostMerges);
  const merges = lines.map((line, i) => checkRule(line.trim(), source.at("merges.txt", `line ${i + 2}`)));
  return {
    vocab,
    merges,
    suffix: "</w>",
    unknown: tokenContent(source.token("unk_token"), source.tokenAt("unk_token")),
  };
}

function checkRule(rule: unknown, where: string): string {
  if (typeof rule !== "string" || !/^\S+ \S+$/.test(rule)) throw unexpected(where, "two tokens to merge", rule);
  return rule;
}

function makeEncoder(model: BytePairModel, source: TokenizerSource): BytePairEncoder {
  try {
    return new BytePairEncoder(model);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const where = source.at(source.whole === undefined ? "merges.txt" : "tokenizer.json");
    throw new CheckpointError(`${where}: ${cause.message}; take vocabulary and merges of one model`, { cause });
  }
}

/** Bos and eos from the post-processor, which is what puts them there. */
function readFrame(source: TokenizerSource, whole: Fields): { bosId: number; eosId: number } {
  const where = source.at("tokenizer.json", "post_processor");
  const { type, cls, sep } = fieldsOf(whole.post_processor, where);
  const ids: readonly unknown[] = type === "RobertaProcessing"
    ? [itemsOf(cls, where)[1], itemsOf(sep, where)[1]]
    : (readTemplate(whole.post_processor, where) ?? []).filter((part) => part !== "text");
  const [bosId, eosId, ...rest] = ids;
  if (!isId(bosId) || !isId(eosId) || rest.length > 0) throw unexpected(where, "bos, text, eos", whole.post_processor);
  return { bosId, eosId };
}
