import { tokenId } from "./byte_pair_encoder.ts";
import { type Fields, fieldsOf, unexpected } from "./tokenizer_fields.ts";

/** A token that is looked for in the text itself, before there are words. */
export interface AddedToken {
  readonly content: string;
  readonly id: number;
  /** Looked for in the normalised text, so in any case, and not in the text as it was typed. */
  readonly normalized: boolean;
  /** Only where no word character is on either side. */
  readonly singleWord: boolean;
  /** Such as bos and eos, unlike a token that was taught later. */
  readonly special: boolean;
}

/**
 * The added tokens of a tokenizer in the order in which its files name them
 * (tokenizers/src/tokenizer/added_vocabulary.rs).
 *
 * The first definition of a token stands. Its id is the vocabulary's, else the next free one; ids that the files state
 * are not believed, as in the original.
 */
export class AddedTokens {
  readonly #vocab: Fields;
  readonly #tokens = new Map<string, AddedToken>();
  #vocabSize: number | undefined;
  #highestId = -1;

  /** @param vocab token to id, without the added tokens that BPE does not know */
  constructor(vocab: Fields) {
    this.#vocab = vocab;
  }

  /**
   * Adds a token unless there is one of that content, and returns the one that then is there.
   *
   * @param value its content, or an object as in `added_tokens` or `added_tokens_decoder`
   * @param where file and field, for the message
   * @param defaults for what the value does not say; `normalized` defaults to not special
   * @throws CheckpointError where the value is neither
   */
  add(value: unknown, where: string, defaults: { special: boolean; normalized?: boolean }): AddedToken {
    const content = tokenContent(value, where);
    const known = this.#tokens.get(content);
    if (known !== undefined) return known;
    const flags = typeof value === "string" ? {} : fieldsOf(value, where);
    const special = flags.special === undefined ? defaults.special : flags.special === true;
    const token = {
      content,
      id: tokenId(this.#vocab, content) ?? this.#freeId(),
      special,
      normalized: flags.normalized === undefined ? defaults.normalized ?? !special : flags.normalized === true,
      singleWord: flags.single_word === true,
    };
    this.#tokens.set(content, token);
    this.#highestId = Math.max(this.#highestId, token.id);
    return token;
  }

  /** All of them, the first first. */
  list(): AddedToken[] {
    return [...this.#tokens.values()];
  }

  #freeId(): number {
    const vocabSize = this.#vocabSize ??= Object.keys(this.#vocab).length;
    return Math.max(vocabSize, this.#highestId + 1);
  }
}

/**
 * Returns the text of a token that is written as a string or as an object with `content`.
 *
 * @param where file and field, for the message
 * @throws CheckpointError where it is neither, or empty, or no text
 */
export function tokenContent(value: unknown, where: string): string {
  const content = typeof value === "object" && value !== null ? (value as Fields).content : value;
  if (typeof content !== "string" || content === "" || !content.isWellFormed()) {
    throw unexpected(where, "a token", content);
  }
  return content;
}
