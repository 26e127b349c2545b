import { AddedTokens, tokenContent } from "./added_tokens.ts";
import { type Fields, fieldsOf, itemsOf, unexpected } from "./tokenizer_fields.ts";

/** The files of a Hugging Face tokenizer folder by name: the JSON ones parsed, `merges.txt` as text. */
export interface TokenizerFiles {
  /** The whole tokenizer; where it is there, `vocab.json` and `merges.txt` are not looked at. */
  "tokenizer.json"?: unknown;
  "vocab.json"?: unknown;
  "merges.txt"?: string;
  "tokenizer_config.json"?: unknown;
  "special_tokens_map.json"?: unknown;
  "added_tokens.json"?: unknown;
}

/** The most tokens that may be asked for. A `model_max_length` above it means that the model's is not known. */
export const longestLength = 100_000;

const roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/** The files, with those that others override resolved. */
export class TokenizerSource {
  readonly files: TokenizerFiles;
  readonly #folder: string;
  /** tokenizer.json, if there. */
  readonly whole: Fields | undefined;
  readonly config: Fields;
  /** Whether the config is of the time before `added_tokens_decoder`. */
  readonly isLegacy: boolean;
  readonly #specialTokensMap: Fields;
  readonly #usual: (config: Fields) => Fields;

  /**
   * @param options.folder for messages
   * @param options.usual what the tokenizer's class takes where no file names a token, given `tokenizer_config.json`
   * @throws {CheckpointError} where a file is no JSON object
   */
  constructor(files: TokenizerFiles, { folder, usual }: { folder: string; usual: (config: Fields) => Fields }) {
    this.files = files;
    this.#folder = folder;
    this.#usual = usual;
    this.whole = files["tokenizer.json"] === undefined ? undefined : this.#fields("tokenizer.json");
    this.config = this.#fields("tokenizer_config.json");
    this.isLegacy = this.config.added_tokens_decoder === undefined;
    this.#specialTokensMap = this.isLegacy ? this.#fields("special_tokens_map.json") : {};
  }

  /** File and field for messages. */
  at(name: keyof TokenizerFiles, field = ""): string {
    const path = this.#folder === "" ? name : `${this.#folder.replace(/\/+$/, "")}/${name}`;
    return field === "" ? path : `${path}: ${field}`;
  }

  /** What the files say of a role such as `pad_token`; a token is a string or an object. */
  token(role: string): unknown {
    return [this.#specialTokensMap, this.config, this.#usual(this.config)].find((fields) => role in fields)?.[role];
  }

  /** File and field of a role, for messages. */
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

  /**
   * Ids of a text at most: `model_max_length`, or `usual` where that says nothing or more than any model takes.
   *
   * @throws {CheckpointError} where it is less than `least` or no whole number
   */
  maxLength({ usual, least }: { usual: number; least: number }): number {
    const length = this.config.model_max_length ?? usual;
    if (typeof length !== "number" || !(length >= least) || (length <= longestLength && !Number.isInteger(length))) {
      const wanted = `a whole number from ${least} on`;
      throw unexpected(this.at("tokenizer_config.json", "model_max_length"), wanted, length);
    }
    return length > longestLength ? usual : length;
  }

  /** @throws {CheckpointError} where texts are padded or cut at another side than the right one */
  checkSides(): void {
    for (const side of ["padding_side", "truncation_side"]) {
      if (this.config[side] !== undefined && this.config[side] !== "right") {
        throw unexpected(this.at("tokenizer_config.json", side), '"right"', this.config[side]);
      }
    }
  }

  #fields(name: keyof TokenizerFiles): Fields {
    return this.files[name] === undefined ? {} : fieldsOf(this.files[name], this.at(name));
  }
}

/**
 * Reads the tokens that are looked for in the text itself, in the order in which transformers adds them.
 *
 * @param vocab token to id, without the added tokens that the model does not know
 * @param options.normalizedRoles roles that are looked for in the normalised text where there is no `tokenizer.json`
 * @throws {CheckpointError} naming file and field where one of them is no token
 */
export function readAddedTokens(
  source: TokenizerSource,
  vocab: Fields,
  { normalizedRoles = [] }: { normalizedRoles?: readonly string[] } = {},
): AddedTokens {
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

/** Whether a value is a token's id: a whole number from 0 on. */
export function isId(value: unknown): value is number {
  return Number.isInteger(value) && value as number >= 0;
}

/**
 * Reads what `TemplateProcessing` makes of one text: ids, and `"text"` where the text itself stands.
 *
 * @returns `undefined` for another kind of post-processor
 * @throws {CheckpointError} where it is damaged
 */
export function readTemplate(processor: unknown, where: string): ("text" | number)[] | undefined {
  const { type, single, special_tokens } = fieldsOf(processor, where);
  if (type !== "TemplateProcessing") return undefined;
  const known = fieldsOf(special_tokens, where);
  return itemsOf(single, where).flatMap((part): ("text" | number)[] => {
    const token = fieldsOf(part, where).SpecialToken;
    if (token === undefined) return ["text"];
    const ids = itemsOf(fieldsOf(known[tokenContent(fieldsOf(token, where).id, where)], where).ids, where);
    return ids.map((id) => {
      if (!isId(id)) throw unexpected(where, "an id", id);
      return id;
    });
  });
}
