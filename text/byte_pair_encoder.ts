import { byteAlphabet } from "./byte_alphabet.ts";
import { MinHeap } from "./min_heap.ts";
import { PairTable } from "./pair_table.ts";

/** The tokens of one word. */
export interface EncodedWord {
  /** Token ids. */
  readonly ids: readonly number[];
  /** Where each token ends, in UTF-8 bytes of the word. */
  readonly ends: readonly number[];
}

/** What a {@linkcode BytePairEncoder} is made of. */
export interface BytePairModel {
  /** Token to id. A byte is written as the character that GPT-2's `bytes_to_unicode` gives it. */
  vocab: Readonly<Record<string, unknown>>;
  /** Merge rules `"left right"`, the most wanted first. A rule that stands twice has its last rank. */
  merges: readonly string[];
  /** What the last symbol of a word carries, `</w>` for CLIP. */
  suffix: string;
  /** Id of a byte that is not in the vocabulary. */
  unknownId: number;
}

const mostCachedWords = 10_000;
/** Bytes of a word that is encoded in memory kept for that, and whose tokens are remembered. */
const commonWordBytes = 768;
const mostRules = 2 ** 22;
/** Above every byte position, for two whole numbers in one: rank and position, exact below 2⁵³. */
const radix = 2 ** 31;

/**
 * Byte-level byte-pair encoding of single words, equal to the `BPE` model of Hugging Face tokenizers (Sennrich et al.
 * 2016, arXiv:1508.07909; tokenizers/src/models/bpe/word.rs, `merge_all`).
 *
 * A word starts as one symbol a byte. The adjacent pair of lowest rank, the leftmost of equals, is merged until no pair
 * has a rule. The pairs wait in a heap and the symbols in a linked list, so n bytes take O(n log n) time.
 *
 * Rules stay text and are made numeric when a pair is first met: doing all 48,894 of CLIP at the start would take
 * longer than loading the rest.
 */
export class BytePairEncoder {
  readonly #vocab: Readonly<Record<string, unknown>>;
  readonly #rules: readonly string[];
  /** Id of the token that a rule gives, -1 until it is asked for. */
  readonly #results: Int32Array;
  readonly #ranks = new Map<string, number>();
  /** Ids of the 256 bytes inside a word, then of the 256 at its end. */
  readonly #byteIds = new Int32Array(512);
  /** Ids back to tokens, for the bytes and for what rules have given. */
  readonly #tokens = new Map<number, string>();
  /** Rank of a pair of ids that was met before, -1 where there is no rule. */
  readonly #pairs = new PairTable();
  readonly #cache = new Map<string, EncodedWord>();
  readonly #workspace = new Workspace(commonWordBytes);

  /** The highest id that a text can be given. */
  get highestId(): number {
    let highest = -1;
    for (const token in this.#vocab) highest = Math.max(highest, tokenId(this.#vocab, token) ?? -1);
    return highest;
  }

  /**
   * @throws RangeError for over 2²² rules, or where a rule gives a token that has no id; the message names rule and
   * rank
   */
  constructor({ vocab, merges, suffix, unknownId }: BytePairModel) {
    if (merges.length > mostRules) {
      throw new RangeError(`Expected at most ${mostRules} merges but found ${merges.length}`);
    }
    this.#vocab = vocab;
    this.#rules = merges;
    this.#results = new Int32Array(merges.length).fill(-1);
    merges.forEach((rule, rank) => {
      if (tokenId(vocab, joined(rule)) === undefined) {
        throw new RangeError(`Expected merge ${rank} to give a token of the vocabulary but found "${rule}"`);
      }
      this.#ranks.set(rule, rank);
    });
    byteAlphabet().forEach((character, byte) => {
      for (const [at, token] of [[byte, character], [byte + 256, character + suffix]] as const) {
        const id = tokenId(vocab, token);
        this.#byteIds[at] = id ?? unknownId;
        if (id !== undefined) this.#tokens.set(id, token);
      }
    });
  }

  /** Encodes one word of well-formed text; the empty word has no tokens. */
  encode(word: string): EncodedWord {
    const cached = this.#cache.get(word);
    if (cached !== undefined) return cached;
    const isCommon = word.length * 3 <= commonWordBytes;
    const encoded = this.#merge(word, isCommon ? this.#workspace : new Workspace(word.length * 3));
    if (isCommon && this.#cache.size < mostCachedWords) this.#cache.set(word, encoded);
    return encoded;
  }

  #merge(word: string, { bytes, ids, next, previous, queue }: Workspace): EncodedWord {
    const count = utf8.encodeInto(word, bytes).written;
    for (let at = 0; at < count; at++) {
      ids[at] = this.#byteIds[bytes[at]! + (at + 1 === count ? 256 : 0)]!;
      next[at] = at + 1;
      previous[at] = at - 1;
    }
    for (let at = 0; at + 1 < count; at++) this.#enqueue(queue, at, ids[at]!, ids[at + 1]!);
    while (queue.size > 0) {
      const entry = queue.pop();
      const rank = Math.floor(entry / radix);
      const at = entry - rank * radix;
      const right = next[at]!;
      if (ids[at] === merged || right >= count) continue;
      // An entry counts while the pair that now stands there gives the token that the pair then gave, as in the
      // original.
      const id = this.#result(rank);
      const rankNow = this.#rank(ids[at]!, ids[right]!);
      if (rankNow < 0 || this.#result(rankNow) !== id) continue;
      ids[at] = id;
      ids[right] = merged;
      const after = next[right]!;
      const before = previous[at]!;
      next[at] = after;
      if (after < count) {
        previous[after] = at;
        this.#enqueue(queue, at, id, ids[after]!);
      }
      if (before >= 0) this.#enqueue(queue, before, ids[before]!, id);
    }
    const encoded: { ids: number[]; ends: number[] } = { ids: [], ends: [] };
    for (let at = 0; at < count; at = next[at]!) {
      encoded.ids.push(ids[at]!);
      encoded.ends.push(next[at]!);
    }
    return encoded;
  }

  #enqueue(queue: MinHeap, at: number, left: number, right: number): void {
    const rank = this.#rank(left, right);
    if (rank >= 0) queue.push(rank * radix + at);
  }

  #rank(left: number, right: number): number {
    const known = this.#pairs.get(left, right);
    if (known !== undefined) return known;
    const first = this.#tokens.get(left);
    const second = this.#tokens.get(right);
    const isPair = first !== undefined && second !== undefined;
    const rank = (isPair ? this.#ranks.get(`${first} ${second}`) : undefined) ?? -1;
    this.#pairs.set(left, right, rank);
    return rank;
  }

  #result(rank: number): number {
    let id = this.#results[rank]!;
    if (id < 0) {
      const token = joined(this.#rules[rank]!);
      id = tokenId(this.#vocab, token)!;
      this.#results[rank] = id;
      this.#tokens.set(id, token);
    }
    return id;
  }
}

/** Returns the id of a token, `undefined` for what is no token or no usable id (a whole number of 0 to 2²¹ − 1). */
export function tokenId(vocab: Readonly<Record<string, unknown>>, token: string): number | undefined {
  const id = vocab[token];
  return typeof id === "number" && Number.isInteger(id) && id >= 0 && id < 2 ** 21 ? id : undefined;
}

/** Memory to merge one word in; the queue is empty between words. */
class Workspace {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly ids: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  readonly queue: MinHeap;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.ids = new Int32Array(capacity);
    this.next = new Int32Array(capacity);
    this.previous = new Int32Array(capacity);
    // Of n − 1 pairs at first, each merge takes one out and puts at most two in.
    this.queue = new MinHeap(2 * capacity);
  }
}

/** Stands in place of the id of a symbol that was merged into the one on its left. */
const merged = -1;

const utf8 = new TextEncoder();

function joined(rule: string): string {
  return rule.replace(" ", "");
}
