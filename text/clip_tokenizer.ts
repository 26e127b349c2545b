/**
 * CLIP's tokenizer in plain TypeScript, for browsers too.
 *
 * Own code and not npm's `@huggingface/tokenizers` 0.2.0, because that lowers a final Σ to ς (other ids than the
 * reference's), takes 48 s for a word of 10 MB, loads the published tokenizer in twice the time and knows no positions
 * to show lost words by.
 * @module
 */

import type { BytePairEncoder, EncodedWord } from "./byte_pair_encoder.ts";
import { normalizeClipText } from "./clip_normalizer.ts";
import { type ClipTokenizerFiles, readClipTokenizerFiles } from "./clip_tokenizer_files.ts";
import { clipWords } from "./clip_words.ts";
import type { EncodedText, EncodeOptions, TextTokenizer } from "./text_tokenizer.ts";
import { TokenPattern } from "./token_pattern.ts";
import { longestLength } from "./tokenizer_source.ts";

export type { EncodedText, EncodeOptions } from "./text_tokenizer.ts";

/**
 * Turns text into the token ids of a CLIP text encoder.
 *
 * Its ids are those of transformers' `CLIPTokenizerFast` (`padding="max_length"`, `truncation=True`): added tokens such
 * as `<|endoftext|>` are taken out; the rest is normalised ({@linkcode normalizeClipText}), split into words
 * ({@linkcode clipWords}) and encoded ({@linkcode BytePairEncoder}). Two differences are known, both in scripts that
 * Unicode took in after the reference's tables were made: 28 capitals that it does not lower and 21 letters that it
 * does not compose.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ClipTokenizer } from "./clip_tokenizer.ts";
 *
 * const bytes = ["a", "b", "a</w>", "b</w>", "ab</w>", "<|startoftext|>", "<|endoftext|>"];
 * const tokenizer = new ClipTokenizer({
 *   "vocab.json": Object.fromEntries(bytes.map((token, id) => [token, id])),
 *   "merges.txt": "#version: 0.2\na b</w>\n",
 *   "tokenizer_config.json": { model_max_length: 6 },
 * });
 * assert.deepEqual(tokenizer.encode("AB a").ids, [5, 4, 2, 6, 6, 6]);
 * assert.equal(tokenizer.encode("ab a b A  B").truncated, "B");
 * ```
 */
export class ClipTokenizer implements TextTokenizer {
  /** Number of ids where {@linkcode EncodeOptions} asks for no other, usually 77. */
  readonly maxLength: number;
  /** Id that starts a text. */
  readonly bosId: number;
  /** Id that ends a text. */
  readonly eosId: number;
  /** Id that fills up. Not the same in all CLIP tokenizers. */
  readonly padId: number;
  readonly #encoder: BytePairEncoder;
  readonly #typed: TokenPattern;
  readonly #normalized: TokenPattern;

  /**
   * @param files parsed files of a tokenizer folder; `tokenizer.json`, or `vocab.json` and `merges.txt`, must be there
   * @param folder where they are from, for messages
   * @throws CheckpointError naming file and field where one of them is not what it should be
   */
  constructor(files: ClipTokenizerFiles, folder = "") {
    const { encoder, addedTokens, bosId, eosId, padId, maxLength } = readClipTokenizerFiles(files, folder);
    this.maxLength = maxLength;
    this.bosId = bosId;
    this.eosId = eosId;
    this.padId = padId;
    this.#encoder = encoder;
    this.#typed = new TokenPattern(addedTokens.filter(({ normalized }) => !normalized));
    this.#normalized = new TokenPattern(
      addedTokens.filter(({ normalized }) => normalized).map((token) => ({
        ...token,
        content: normalizeClipText(token.content),
      })),
    );
  }

  /** The highest id of the vocabulary, with bos, eos and padding; added tokens may lie above it. */
  get highestId(): number {
    return Math.max(this.#encoder.highestId, this.bosId, this.eosId, this.padId);
  }

  /**
   * Encodes a text of any length, in time that grows linearly with it.
   *
   * Lone surrogates count as U+FFFD. The text may be empty: bos, eos, padding.
   *
   * @throws RangeError for a `maxLength` that is no whole number of 2 to 100,000
   */
  encode(text: string, { maxLength = this.maxLength }: EncodeOptions = {}): EncodedText {
    if (!Number.isInteger(maxLength) || maxLength < 2 || maxLength > longestLength) {
      throw new RangeError(`Expected maxLength to be a whole number of 2 to ${longestLength} but found ${maxLength}`);
    }
    const room = maxLength - 2;
    const wellFormed = text.toWellFormed();
    const inner: number[] = [];
    let count = 0;
    let lost: number | undefined;
    for (const piece of this.#pieces(wellFormed)) {
      const kept = Math.min(piece.ids.length, room - inner.length);
      if (kept < piece.ids.length) lost ??= startOfToken(piece, kept);
      for (let i = 0; i < kept; i++) inner.push(piece.ids[i]!);
      count += piece.ids.length;
    }
    const used = [this.bosId, ...inner, this.eosId];
    const padding = maxLength - used.length;
    return {
      ids: [...used, ...Array<number>(padding).fill(this.padId)],
      attentionMask: [...used.fill(1), ...Array<number>(padding).fill(0)],
      truncated: lost === undefined ? "" : wellFormed.slice(lost),
      length: count + 2,
    };
  }

  *#pieces(text: string): Generator<Piece> {
    for (const { text: source, start: sourceStart, id } of this.#typed.split(text)) {
      if (id !== undefined) {
        yield { ids: [id], ends: [source.length], word: "", start: 0, source, sourceStart };
        continue;
      }
      for (const part of this.#normalized.split(normalizeClipText(source))) {
        if (part.id !== undefined) {
          yield { ids: [part.id], ends: [], word: "", start: part.start, source, sourceStart };
          continue;
        }
        for (const [from, to] of clipWords(part.text)) {
          const word = part.text.slice(from, to);
          const { ids, ends } = this.#encoder.encode(word);
          yield { ids, ends, word, start: part.start + from, source, sourceStart };
        }
      }
    }
  }
}

/** The tokens of a word or an added token, and where they come from. */
interface Piece extends EncodedWord {
  word: string;
  /** Where the word starts in the normalised source. */
  start: number;
  /** What was normalised, and where that starts in the text. */
  source: string;
  sourceStart: number;
}

/** Where in the text a token starts, in UTF-16 units; for one inside a character, where that starts. */
function startOfToken({ ends, word, start, source, sourceStart }: Piece, token: number): number {
  const firstByte = token === 0 ? 0 : ends[token - 1]!;
  let inWord = 0;
  for (let bytes = 0; bytes < firstByte;) {
    const codePoint = word.codePointAt(inWord)!;
    bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    if (bytes <= firstByte) inWord += codePoint < 0x10000 ? 1 : 2;
  }
  return sourceStart + sourceIndex(source, start + inWord);
}

/**
 * Where in `source` the part starts that normalising put at `index`: the longest beginning whose normal form is not
 * longer.
 *
 * It looks at beginnings of about that length only, however long the source is.
 */
function sourceIndex(source: string, index: number): number {
  const fits = (end: number) => normalizeClipText(source.slice(0, end)).length <= index;
  let low = 0;
  let high = index + 1;
  while (high < source.length && fits(high)) [low, high] = [high, 2 * high];
  high = Math.min(high, source.length + 1);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
