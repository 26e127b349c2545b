/**
 * What text encoders ask of a tokenizer, whichever family it is of.
 * @module
 */

/** A text as a text encoder takes it. */
export interface EncodedText {
  /** Token ids: those of the text between the tokens that start and end it, then padding. */
  ids: number[];
  /** 1 for each id that is not padding, 0 for padding. */
  attentionMask: number[];
  /**
   * The end of the text that did not fit, from the first lost token on, as typed but for lone surrogates; `""` if all
   * did.
   */
  truncated: string;
  /** Tokens that the whole text has, with those that start and end it; the text was truncated if that is more than `ids.length`. */
  length: number;
}

/** Options of {@linkcode TextTokenizer.encode}. */
export interface EncodeOptions {
  /** Number of ids, up to 100,000. Default: the tokenizer's `maxLength`. */
  maxLength?: number;
}

/** Turns text into token ids. */
export interface TextTokenizer {
  /** Number of ids where {@linkcode EncodeOptions} asks for no other. */
  readonly maxLength: number;
  /** Id that ends a text. */
  readonly eosId: number;
  /** The highest id of the vocabulary; added tokens may lie above it. */
  readonly highestId: number;
  /**
   * Encodes a text of any length.
   *
   * @throws {RangeError} for a `maxLength` that has no room for the tokens around the text, or is above 100,000
   */
  encode(text: string, options?: EncodeOptions): EncodedText;
}
