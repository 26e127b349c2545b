/**
 * A tokenizer of a model's own, learned from its captions.
 * @module
 */
import { byteAlphabet } from "../text/byte_alphabet.ts";
import { normalizeClipText } from "../text/clip_normalizer.ts";
import { clipWords } from "../text/clip_words.ts";
import { type CountedPair, PairQueue } from "./pair_queue.ts";

/** What a CLIP tokenizer is made of. */
export interface Vocabulary {
  /** Token to id, without gaps from 0 on. */
  readonly vocab: Readonly<Record<string, number>>;
  /** Merge rules `"left right"`, the first learned first. */
  readonly merges: readonly string[];
}

/** Options of {@linkcode trainVocabulary}. */
export interface TrainVocabularyOptions {
  /** Most tokens, 514 (bytes alone) to 49,408 (CLIP's own number, beyond which transformers reads no rules). */
  readonly size: number;
  /** A pair that is rarer than this becomes no token. Default 2, as in the paper's code (rsennrich/subword-nmt). */
  readonly leastCount?: number;
}

/** What starts and ends a text, the last two ids of the vocabulary. */
export const startToken = "<|startoftext|>";
/** See {@linkcode startToken}; it is the padding too. */
export const endToken = "<|endoftext|>";

const wordEnd = "</w>";
const smallestSize = 2 * 256 + 2;
const largestSize = 49_408;
/** UTF-16 units of the longest word that is learned from: one without end would take quadratic time. */
const longestWord = 512;
const radix = 2 ** 16;

/**
 * Learns a vocabulary by byte-pair encoding: words start as bytes, and the most frequent pair of neighbours becomes a new
 * token, again and again (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909, algorithm 1).
 *
 * Text is normalised and split as CLIP does. Ids are in CLIP's order: 256 bytes, the same at a word's end (`</w>`), merges,
 * `<|startoftext|>`, `<|endoftext|>`; so any text has tokens. Of pairs of equal count the one whose left id, then right id,
 * is smallest comes first, so the same captions in any order give the same vocabulary. It has fewer tokens than `size` where
 * no pair is left: the `vocab_size` of the text encoder is the number of its keys.
 *
 * Words are counted once, and a merge visits only those that have the pair: a million captions take seconds.
 *
 * @throws {RangeError} for a size or count out of range
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { trainVocabulary } from "./vocabulary.ts";
 *
 * const { vocab, merges } = await trainVocabulary(["a red apple", "A red fox"], { size: 600 });
 * assert.deepEqual(merges, ["e d</w>", "r ed</w>"]);
 * assert.equal(vocab["red</w>"], 513);
 * ```
 */
export async function trainVocabulary(
  captions: Iterable<string> | AsyncIterable<string>,
  { size, leastCount = 2 }: TrainVocabularyOptions,
): Promise<Vocabulary> {
  if (!Number.isInteger(size) || size < smallestSize || size > largestSize) {
    throw new RangeError(
      `Expected the vocabulary's size to be an integer from ${smallestSize} to ${largestSize} but found ${size}`,
    );
  }
  if (!Number.isInteger(leastCount) || leastCount < 1) {
    throw new RangeError(`Expected leastCount to be an integer greater than 0 but found ${leastCount}`);
  }
  const alphabet = byteAlphabet();
  const letters = alphabet.toSorted();
  const tokens = [...letters, ...letters.map((letter) => letter + wordEnd)];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const pairs = new PairCounts(await countWords(captions), alphabet.map((letter) => ids.get(letter)!));
  const merges: string[] = [];
  while (merges.length < size - smallestSize) {
    const best = pairs.mostFrequent();
    if (best === undefined || best.count < leastCount) break;
    const [left, right] = [tokens[Math.floor(best.pair / radix)]!, tokens[best.pair % radix]!];
    merges.push(`${left} ${right}`);
    const token = left + right;
    // Another pair may have given the same text before.
    const id = ids.get(token) ?? tokens.push(token) - 1;
    ids.set(token, id);
    pairs.merge(best.pair, id);
  }
  tokens.push(startToken, endToken);
  return { vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges };
}

async function countWords(captions: Iterable<string> | AsyncIterable<string>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for await (const caption of captions) {
    for (const text of normalizeClipText(caption.toWellFormed()).split(/<\|(?:start|end)oftext\|>/)) {
      for (const [start, end] of clipWords(text)) {
        if (end - start > longestWord) continue;
        const word = text.slice(start, end);
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/** The words as they are spelled so far, and how often each pair of neighbours is in them. */
class PairCounts {
  readonly #words: number[][] = [];
  /** How often each word was seen. */
  readonly #weights: number[] = [];
  readonly #counts = new Map<number, number>();
  /** Words in which a pair was when it came up; it may have gone from there since. */
  readonly #places = new Map<number, number[]>();
  /** Every pair with its count at some time, which was never smaller than now. */
  readonly #queue = new PairQueue();

  /** @param byteIds id of each byte inside a word; 256 more at its end */
  constructor(words: ReadonlyMap<string, number>, byteIds: readonly number[]) {
    const utf8 = new TextEncoder();
    for (const [text, weight] of words) {
      const word = Array.from(utf8.encode(text), (byte) => byteIds[byte]!);
      word[word.length - 1]! += 256;
      const at = this.#words.push(word) - 1;
      this.#weights.push(weight);
      this.#add(word, weight);
      for (let i = 1; i < word.length; i++) this.#place(word[i - 1]! * radix + word[i]!, at);
    }
    for (const [pair, count] of this.#counts) this.#queue.push({ pair, count });
  }

  /** Takes the most frequent pair off the queue. */
  mostFrequent(): CountedPair | undefined {
    for (let top = this.#queue.pop(); top !== undefined; top = this.#queue.pop()) {
      const count = this.#counts.get(top.pair) ?? 0;
      if (count === top.count && count > 0) return top;
      if (count > 0 && count < top.count) this.#queue.push({ pair: top.pair, count });
    }
    return undefined;
  }

  /** Replaces a pair by a token, in each word from the left. */
  merge(pair: number, id: number): void {
    const [left, right] = [Math.floor(pair / radix), pair % radix];
    const added = new Set<number>();
    for (const at of this.#places.get(pair) ?? []) {
      const word = this.#words[at]!;
      const merged: number[] = [];
      for (let i = 0; i < word.length; i++) {
        const isPair = word[i] === left && word[i + 1] === right;
        merged.push(isPair ? id : word[i]!);
        if (isPair) i++;
      }
      if (merged.length === word.length) continue;
      const weight = this.#weights[at]!;
      this.#add(word, -weight);
      this.#add(merged, weight);
      this.#words[at] = merged;
      for (let i = 1; i < merged.length; i++) {
        if (merged[i - 1] !== id && merged[i] !== id) continue;
        const key = merged[i - 1]! * radix + merged[i]!;
        added.add(key);
        this.#place(key, at);
      }
    }
    this.#places.delete(pair);
    for (const key of added) this.#queue.push({ pair: key, count: this.#counts.get(key)! });
  }

  #add(word: readonly number[], weight: number): void {
    for (let i = 1; i < word.length; i++) {
      const pair = word[i - 1]! * radix + word[i]!;
      const count = (this.#counts.get(pair) ?? 0) + weight;
      if (count === 0) this.#counts.delete(pair);
      else this.#counts.set(pair, count);
    }
  }

  #place(pair: number, at: number): void {
    const places = this.#places.get(pair);
    if (places === undefined) this.#places.set(pair, [at]);
    else if (places.at(-1) !== at) places.push(at);
  }
}
