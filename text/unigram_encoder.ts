/** Unigram model of a tokenizer: pieces with log-probabilities. */
export interface UnigramModel {
  /** Piece and score by id; of two equal pieces the last counts. */
  readonly vocab: readonly (readonly [piece: string, score: number])[];
  /** Id of a character that no piece holds. */
  readonly unknownId: number;
}

/** The tokens of a text. */
export interface EncodedPieces {
  readonly ids: readonly number[];
  /** Where each starts, in UTF-16 units. */
  readonly starts: readonly number[];
}

/** UTF-16 units of the longest piece that a vocabulary may have: each beginning of it is kept. */
export const longestPiece = 1024;

/** UTF-16 units of a word whose tokens are remembered, and how many such words. */
const commonWord = 32;
const mostCachedWords = 10_000;

/** How far below the worst score of the vocabulary an unknown character scores. */
const unknownPenalty = 10;

/**
 * Splits a text into the pieces whose scores have the largest sum (Kudo 2018, https://arxiv.org/abs/1804.10959, eq. 7), by the
 * Viterbi algorithm; unknown characters in a row are one token. Equal to the `Unigram` model of Hugging Face tokenizers
 * (tokenizers/src/models/unigram/model.rs, `encode_optimized`).
 */
export class UnigramEncoder {
  readonly #scores: readonly number[];
  readonly #unknownId: number;
  readonly #unknownScore: number;
  /** Id of each piece, −1 for what only begins one. */
  readonly #pieces = new Map<string, number>();
  readonly #cache = new Map<string, EncodedPieces>();

  /** @throws {RangeError} for a piece that is too long or empty, a score that is no number, or an unknown id outside the vocabulary */
  constructor({ vocab, unknownId }: UnigramModel) {
    if (!(unknownId in vocab)) {
      throw new RangeError(`Expected the unknown id to be below ${vocab.length} but found ${unknownId}`);
    }
    this.#unknownId = unknownId;
    this.#scores = vocab.map(([, score]) => score);
    let worst = Infinity;
    for (const [id, [piece, score]] of vocab.entries()) {
      if (piece.length === 0 || piece.length > longestPiece) {
        throw new RangeError(`Expected pieces of 1 to ${longestPiece} characters but found one of ${piece.length}`);
      }
      if (!Number.isFinite(score)) throw new RangeError(`Expected a number as the score of ${id} but found ${score}`);
      worst = Math.min(worst, score);
      this.#pieces.set(piece, id);
      for (let end = piece.length - 1; end > 0; end--) {
        const beginning = piece.slice(0, end);
        if (this.#pieces.has(beginning)) break;
        this.#pieces.set(beginning, -1);
      }
    }
    this.#unknownScore = worst - unknownPenalty;
  }

  /** Encodes a well-formed text. */
  encode(text: string): EncodedPieces {
    if (text.length > commonWord) return this.#encode(text);
    const known = this.#cache.get(text);
    if (known !== undefined) return known;
    const encoded = this.#encode(text);
    if (this.#cache.size < mostCachedWords) this.#cache.set(text, encoded);
    return encoded;
  }

  #encode(text: string): EncodedPieces {
    const from = this.#bestPath(text);
    const [ids, starts]: [number[], number[]] = [[], []];
    let unknownEnd: number | undefined;
    const push = (start: number, end: number) => {
      const id = this.#pieces.get(text.slice(start, end)) ?? -1;
      ids.push(id < 0 ? this.#unknownId : id);
      starts.push(start);
    };
    for (let end = text.length; end > 0;) {
      const { start, id } = from(end);
      if (id === this.#unknownId) unknownEnd ??= end;
      else {
        if (unknownEnd !== undefined) push(end, unknownEnd);
        unknownEnd = undefined;
        push(start, end);
      }
      end = start;
    }
    if (unknownEnd !== undefined) push(0, unknownEnd);
    return { ids: ids.reverse(), starts: starts.reverse() };
  }

  /** Returns, for an end on the best path, where its token starts and which it is. */
  #bestPath(text: string): (end: number) => { start: number; id: number } {
    const size = text.length;
    const score = new Float64Array(size + 1);
    const starts = new Int32Array(size + 1).fill(-1);
    const ids = new Int32Array(size + 1);
    const reach = (end: number, { start, id, by }: { start: number; id: number; by: number }) => {
      const sum = by + score[start]!;
      if (starts[end] !== -1 && sum <= score[end]!) return;
      score[end] = sum;
      starts[end] = start;
      ids[end] = id;
    };
    for (let start = 0; start < size;) {
      const next = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
      let isKnown = false;
      for (let end = start + 1; end <= size; end++) {
        const id = this.#pieces.get(text.slice(start, end));
        if (id === undefined) break;
        if (id < 0) continue;
        reach(end, { start, id, by: this.#scores[id]! });
        if (end === next) isKnown = true;
      }
      if (!isKnown) reach(next, { start, id: this.#unknownId, by: this.#unknownScore });
      start = next;
    }
    return (end) => ({ start: starts[end]!, id: ids[end]! });
  }
}
