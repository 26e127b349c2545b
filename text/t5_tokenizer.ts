/**
 * T5's tokenizer in plain TypeScript, for browsers too.
 *
 * Own code and not npm's `@huggingface/tokenizers` 0.2.0, because that knows no positions to show lost words by.
 * @module
 */
import { AlignedText } from "./aligned_text.ts";
import { readT5TokenizerFiles, type T5TokenizerDefinition } from "./t5_tokenizer_files.ts";
import type { EncodedText, EncodeOptions, TextTokenizer } from "./text_tokenizer.ts";
import { TokenPattern } from "./token_pattern.ts";
import { longestLength, type TokenizerFiles } from "./tokenizer_source.ts";

/** Some tokens in a row, and where in the text each starts. */
interface Piece {
  readonly ids: readonly number[];
  startOf(token: number): number;
}

/**
 * Turns text into the token ids of a T5 encoder.
 *
 * Its ids are those of transformers' `T5TokenizerFast` (`padding="max_length"`, `truncation=True`): added tokens such as `</s>` are
 * taken out; the rest is normalised, split into words and encoded ({@linkcode UnigramEncoder}); `</s>` ends it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { T5Tokenizer } from "./t5_tokenizer.ts";
 *
 * const pieces = ["<pad>", "</s>", "<unk>", "▁", "▁red", "▁apple"];
 * const tokenizer = new T5Tokenizer({
 *   "tokenizer.json": {
 *     pre_tokenizer: { type: "Metaspace", replacement: "▁" },
 *     post_processor: {
 *       type: "TemplateProcessing",
 *       single: [{ Sequence: { id: "A" } }, { SpecialToken: { id: "</s>" } }],
 *       special_tokens: { "</s>": { ids: [1] } },
 *     },
 *     model: { type: "Unigram", unk_id: 2, vocab: pieces.map((piece, id) => [piece, id < 3 ? 0 : -id]) },
 *   },
 *   "tokenizer_config.json": { model_max_length: 4, extra_ids: 0 },
 * });
 * assert.deepEqual(tokenizer.encode("red apple").ids, [4, 5, 1, 0]);
 * assert.equal(tokenizer.encode("red red red apple").truncated, "apple");
 * ```
 */
export class T5Tokenizer implements TextTokenizer {
  readonly #definition: T5TokenizerDefinition;
  readonly #typed: TokenPattern;
  readonly #normalized: TokenPattern;

  /**
   * @param files parsed files of a tokenizer folder; `tokenizer.json` must be there
   * @param folder where they are from, for messages
   * @throws {CheckpointError} naming file and field where one of them is not what it should be
   */
  constructor(files: TokenizerFiles, folder = "") {
    const definition = readT5TokenizerFiles(files, folder);
    this.#definition = definition;
    this.#typed = new TokenPattern(definition.addedTokens.filter(({ normalized }) => !normalized));
    this.#normalized = new TokenPattern(
      definition.addedTokens.filter(({ normalized }) => normalized).map((token) => ({
        ...token,
        content: definition.normalize(AlignedText.from(token.content, 0)).text,
      })).filter(({ content }) => content !== ""),
    );
  }

  /** Number of ids where {@linkcode EncodeOptions} asks for no other, usually 512. */
  get maxLength(): number {
    return this.#definition.maxLength;
  }

  /** Id that ends a text. */
  get eosId(): number {
    return this.#definition.eosId;
  }

  /** Id that fills up. */
  get padId(): number {
    return this.#definition.padId;
  }

  /** The highest id of the vocabulary, with eos and padding; added tokens may lie above it. */
  get highestId(): number {
    const { highestId, eosId, padId } = this.#definition;
    return Math.max(highestId, eosId, padId);
  }

  /**
   * Encodes a text of any length, in time that grows linearly with it.
   *
   * Lone surrogates count as U+FFFD. The text may be empty: eos, padding.
   *
   * @throws {RangeError} for a `maxLength` that is no whole number of 1 to 100,000
   */
  encode(text: string, { maxLength = this.maxLength }: EncodeOptions = {}): EncodedText {
    if (!Number.isInteger(maxLength) || maxLength < 1 || maxLength > longestLength) {
      throw new RangeError(`Expected maxLength to be a whole number of 1 to ${longestLength} but found ${maxLength}`);
    }
    const room = maxLength - 1;
    const wellFormed = text.toWellFormed();
    const inner: number[] = [];
    let count = 0;
    let lost: number | undefined;
    for (const { ids, startOf } of this.#pieces(wellFormed)) {
      const kept = Math.min(ids.length, room - inner.length);
      if (kept < ids.length) lost ??= startOf(kept);
      for (let i = 0; i < kept; i++) inner.push(ids[i]!);
      count += ids.length;
    }
    const used = [...inner, this.eosId];
    const padding = maxLength - used.length;
    return {
      ids: [...used, ...Array<number>(padding).fill(this.padId)],
      attentionMask: Array.from({ length: maxLength }, (_, i) => i < used.length ? 1 : 0),
      truncated: lost === undefined ? "" : wellFormed.slice(lost).trimStart(),
      length: count + 1,
    };
  }

  *#pieces(text: string): Generator<Piece> {
    const { normalize, words, encoder } = this.#definition;
    for (const { text: source, start, id } of this.#typed.split(text)) {
      if (id !== undefined) {
        yield { ids: [id], startOf: () => start };
        continue;
      }
      const normalized = normalize(AlignedText.from(source, start));
      for (const part of this.#normalized.split(normalized.text)) {
        if (part.id !== undefined) {
          yield { ids: [part.id], startOf: () => normalized.originOf(part.start) };
          continue;
        }
        for (const word of words(normalized.slice(part.start, part.start + part.text.length))) {
          const { ids, starts } = encoder.encode(word.text);
          yield { ids, startOf: (token) => word.originOf(starts[token]!) };
        }
      }
    }
  }
}
