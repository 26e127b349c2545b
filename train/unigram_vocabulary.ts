/**
 * A T5 tokenizer of a model's own, learned from its captions.
 * @module
 */
import { AlignedText } from "../text/aligned_text.ts";
import { readNormalizer, readWordSplitter } from "../text/t5_pipeline.ts";
import { UnigramEncoder } from "../text/unigram_encoder.ts";

/** What a unigram model is made of: piece and score by id. */
export type UnigramVocabulary = readonly (readonly [piece: string, score: number])[];

/** Options of {@linkcode trainUnigram}. */
export interface TrainUnigramOptions {
  /** Most pieces, special tokens included; characters of the captions are kept even where they are more. */
  readonly size: number;
}

/** What starts the vocabulary, each token's id is its place: padding, end of text, and unknown characters. */
export const specialTokens = ["<pad>", "</s>", "<unk>"] as const;

/** What texts go through before they are split into pieces, as `tokenizer.json` has it. */
export const pipeline = {
  normalizer: { type: "Lowercase" },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "WhitespaceSplit" },
      { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always", split: true },
    ],
  },
} as const;

/** Characters of the longest piece, and of the longest word that is learned from. */
const longestPiece = 16;
const longestWord = 512;
/** How many times the wanted number of pieces there are at first, and what is left of them after each round. */
const seeds = 8;
const kept = 0.75;
/** Times that pieces and scores are fitted to each other before some of the pieces go. */
const fits = 2;
/** What a character counts that no word needs any more: less than once. */
const leastCount = 0.5;

/**
 * Learns a unigram vocabulary (Kudo 2018, https://arxiv.org/abs/1804.10959, §3.2), with the best segmentation of each word in place of
 * the expectation over all of them: starts from the most frequent substrings, sets each one's score to the logarithm of its share
 * among the pieces that words are split into, and drops the least used, until `size` are left.
 *
 * The same captions in any order give the same vocabulary. It has fewer pieces where captions do not have as many.
 *
 * @throws {RangeError} for a size that leaves no room beside the special tokens
 */
export async function trainUnigram(
  captions: Iterable<string> | AsyncIterable<string>,
  { size }: TrainUnigramOptions,
): Promise<UnigramVocabulary> {
  if (!Number.isInteger(size) || size <= specialTokens.length) {
    throw new RangeError(
      `Expected the vocabulary's size to be an integer above ${specialTokens.length} but found ${size}`,
    );
  }
  const words = await countWords(captions);
  const characters = new Set([...words.keys()].flatMap((word) => [...word]));
  const room = Math.max(0, size - specialTokens.length - characters.size);
  let pieces = seedPieces(words, { most: seeds * room, characters });
  for (;;) {
    for (let i = 0; i < fits; i++) pieces = fit(pieces, { words, characters });
    const used = pieces.filter(([piece, count]) => count > leastCount && !characters.has(piece));
    const most = used.length > room ? Math.max(room, Math.floor(kept * used.length)) : room;
    const chosen = new Set(used.toSorted(byCount).slice(0, most).map(([piece]) => piece));
    const isFinal = used.length <= room;
    pieces = pieces.filter(([piece]) => characters.has(piece) || chosen.has(piece));
    if (isFinal) break;
  }
  const special = specialTokens.map((token) => [token, 0] as const);
  return [...special, ...scored(pieces.toSorted(byCount))];
}

type Counted = readonly (readonly [piece: string, count: number])[];

const byCount = ([a, countA]: Counted[number], [b, countB]: Counted[number]) => countB - countA || (a < b ? -1 : 1);

async function countWords(captions: Iterable<string> | AsyncIterable<string>): Promise<Map<string, number>> {
  const normalize = readNormalizer(pipeline.normalizer, "normalizer");
  const split = readWordSplitter(pipeline.pre_tokenizer, "pre_tokenizer");
  const counts = new Map<string, number>();
  for await (const caption of captions) {
    for (const { text } of split(normalize(AlignedText.from(caption.toWellFormed(), 0)))) {
      if (text.length <= longestWord) counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  return new Map([...counts].toSorted(byCount));
}

/** All characters, and the substrings that stand for most of the text: those whose count times length is largest. */
function seedPieces(
  words: ReadonlyMap<string, number>,
  { most, characters }: { most: number; characters: ReadonlySet<string> },
): Counted {
  const counts = new Map<string, number>();
  for (const [word, count] of words) {
    const points = [...word];
    for (let start = 0; start < points.length; start++) {
      let piece = "";
      for (const point of points.slice(start, start + longestPiece)) {
        piece += point;
        counts.set(piece, (counts.get(piece) ?? 0) + count);
      }
    }
  }
  const single = [...characters].map((character) => [character, counts.get(character)!] as const);
  const longer = [...counts].filter(([piece, count]) => count > 1 && !characters.has(piece));
  const weight = ([piece, count]: Counted[number]) => count * [...piece].length;
  const best = longer.toSorted((a, b) => weight(b) - weight(a) || (a[0] < b[0] ? -1 : 1)).slice(0, most);
  return [...single, ...best];
}

/** Splits every word by the pieces as they count now, and counts them anew. */
function fit(
  pieces: Counted,
  { words, characters }: { words: ReadonlyMap<string, number>; characters: ReadonlySet<string> },
): Counted {
  if (pieces.length === 0) return pieces;
  // The unknown token comes last: no word has a character that is not known.
  const vocab = [...scored(pieces), [specialTokens[2], 0] as const];
  const encoder = new UnigramEncoder({ vocab, unknownId: pieces.length });
  const counts = new Float64Array(vocab.length);
  for (const [word, count] of words) {
    for (const id of encoder.encode(word).ids) counts[id]! += count;
  }
  return pieces.flatMap(([piece], id) => {
    const count = Math.max(counts[id]!, leastCount);
    return count > leastCount || characters.has(piece) ? [[piece, count] as const] : [];
  });
}

/** Logarithms of the pieces' shares. */
function scored(pieces: Counted): UnigramVocabulary {
  const total = pieces.reduce((sum, [, count]) => sum + count, 0);
  return pieces.map(([piece, count]) => [piece, Math.log(count / total)]);
}
