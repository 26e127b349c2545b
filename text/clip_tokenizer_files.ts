import { CheckpointError } from "../errors.ts";
import { type AddedToken, AddedTokens, tokenContent } from "./added_tokens.ts";
import { BytePairEncoder, type BytePairModel, tokenId } from "./byte_pair_encoder.ts";
import { checkClipPipeline } from "./clip_pipeline.ts";
import { type Fields, fieldsOf, itemsOf, unexpected } from "./tokenizer_fields.ts";

/** The files of a Hugging Face tokenizer folder by name: the JSON ones parsed, `merges.txt` as text. */
export interface ClipTokenizerFiles {
  /** The whole tokenizer; where it is there, `vocab.json` and `merges.txt` are not looked at. */
  "tokenizer.json"?: unknown;
  "vocab.json"?: unknown;
  "merges.txt"?: string;
  "tokenizer_config.json"?: unknown;
  "special_tokens_map.json"?: unknown;
  "added_tokens.json"?: unknown;
}

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

/** The most tokens that may be asked for. A `model_max_length` above it means that the model's is not known. */
export const longestLength = 100_000;

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
const roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
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
  const source = new Source(files, folder);
  const { whole, config } = source;
  if (whole !== undefined) checkClipPipeline(whole, source.at("tokenizer.json"));
  for (const side of ["padding_side", "truncation_side"]) {
    if (config[side] !== undefined && config[side] !== "right") {
      throw unexpected(source.at("tokenizer_config.json", side), '"right"', config[side]);
    }
  }
  const { vocab, merges, suffix, unknown } = whole === undefined ? readParts(source) : readWhole(source, whole);
  const added = readAddedTokens(source, vocab);
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
    maxLength: readMaxLength(source),
  };
}

/** The files, with those that others override resolved. */
class Source {
  readonly files: ClipTokenizerFiles;
  readonly #folder: string;
  /** tokenizer.json, if there. */
  readonly whole: Fields | undefined;
  readonly config: Fields;
  /** Whether the config is of the time before `added_tokens_decoder`. */
  readonly isLegacy: boolean;
  readonly #specialTokensMap: Fields;

  constructor(files: ClipTokenizerFiles, folder: string) {
    this.files = files;
    this.#folder = folder;
    this.whole = files["tokenizer.json"] === undefined ? undefined : this.#fields("tokenizer.json");
    this.config = this.#fields("tokenizer_config.json");
    this.isLegacy = this.config.added_tokens_decoder === undefined;
    this.#specialTokensMap = this.isLegacy ? this.#fields("special_tokens_map.json") : {};
  }

  /** File and field for messages. */
  at(name: keyof ClipTokenizerFiles, field = ""): string {
    const path = this.#folder === "" ? name : `${this.#folder.replace(/\/+$/, "")}/${name}`;
    return field === "" ? path : `${path}: ${field}`;
  }

  /** What the files say of a role such as `pad_token`; a token is a string or an object. */
  token(role: string): unknown {
    return [this.#specialTokensMap, this.config, usualTokens].find((fields) => role in fields)?.[role];
  }

  tokenAt(role: string): string {
    return this.at(role in this.#specialTokensMap ? "special_tokens_map.json" : "tokenizer_config.json", role);
  }

  /** The tokens of added_tokens.json by id. */
  learnedTokens(): string[] {
    const ids = Object.entries(this.isLegacy ? this.#fields("added_tokens.json") : {});
    const tokens = ids.map(([content, id]) => {
      if (!isId(id)) throw unexpected(this.at("added_tokens.json", content), "an id", id);
      return { content, id };
    });
    return tokens.sort((a, b) => a.id - b.id).map(({ content }) => content);
  }

  #fields(name: keyof ClipTokenizerFiles): Fields {
    return this.files[name] === undefined ? {} : fieldsOf(this.files[name], this.at(name));
  }
}

/** The model of BPE with the unknown token still by name. */
interface NamedModel extends Omit<BytePairModel, "unknownId"> {
  unknown: string;
}

function readWhole(source: Source, whole: Fields): NamedModel {
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

function readParts(source: Source): NamedModel {
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

function makeEncoder(model: BytePairModel, source: Source): BytePairEncoder {
  try {
    return new BytePairEncoder(model);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const where = source.at(source.whole === undefined ? "merges.txt" : "tokenizer.json");
    throw new CheckpointError(`${where}: ${cause.message}; take vocabulary and merges of one model`, { cause });
  }
}

function readAddedTokens(source: Source, vocab: Fields): AddedTokens {
  const added = new AddedTokens(vocab);
  const wholeAt = source.at("tokenizer.json", "added_tokens");
  for (const token of itemsOf(source.whole?.added_tokens ?? [], wholeAt)) added.add(token, wholeAt, { special: false });
  const decoderAt = source.at("tokenizer_config.json", "added_tokens_decoder");
  for (const token of Object.values(fieldsOf(source.config.added_tokens_decoder ?? {}, decoderAt))) {
    added.add(token, decoderAt, { special: false });
  }
  const moreAt = source.tokenAt("additional_special_tokens");
  const named = [
    ...roles.map((role) => ({ role, token: source.token(role), where: source.tokenAt(role) })),
    ...itemsOf(source.token("additional_special_tokens") ?? [], moreAt).map((token) => ({
      role: "",
      token,
      where: moreAt,
    })),
  ].filter(({ token }) => token !== undefined && token !== null);
  const special = new Set(named.map(({ token, where }) => tokenContent(token, where)));
  for (const content of source.learnedTokens()) {
    added.add(content, source.at("added_tokens.json"), { special: special.has(content) });
  }
  for (const { role, token, where } of named) {
    const normalized = source.whole === undefined && typeof token === "string" && normalizedRoles.includes(role);
    added.add(token, where, { special: true, normalized });
  }
  return added;
}

/** Bos and eos from the post-processor, which is what puts them there. */
function readFrame(source: Source, whole: Fields): { bosId: number; eosId: number } {
  const where = source.at("tokenizer.json", "post_processor");
  const { type, cls, sep, single, special_tokens } = fieldsOf(whole.post_processor, where);
  let ids: unknown[] = [];
  if (type === "RobertaProcessing") {
    ids = [itemsOf(cls, where)[1], itemsOf(sep, where)[1]];
  } else if (type === "TemplateProcessing") {
    const known = fieldsOf(special_tokens, where);
    ids = itemsOf(single, where).flatMap((part) => {
      const token = fieldsOf(part, where).SpecialToken;
      if (token === undefined) return [];
      return itemsOf(fieldsOf(known[tokenContent(fieldsOf(token, where).id, where)], where).ids, where);
    });
  }
  const [bosId, eosId, ...rest] = ids;
  if (!isId(bosId) || !isId(eosId) || rest.length > 0) throw unexpected(where, "bos, text, eos", whole.post_processor);
  return { bosId, eosId };
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && value as number >= 0;
}

function readMaxLength(source: Source): number {
  const length = source.config.model_max_length ?? usualMaxLength;
  if (typeof length !== "number" || !(length >= 2) || (length <= longestLength && !Number.isInteger(length))) {
    throw unexpected(source.at("tokenizer_config.json", "model_max_length"), "a whole number from 2 on", length);
  }
  return length > longestLength ? usualMaxLength : length;
}
