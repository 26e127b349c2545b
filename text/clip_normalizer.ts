import { CharacterClass, characterClass } from "./character_class.ts";

/** From this many combining marks in a row on they are put in order here, before the engine's normaliser sees them. */
const manyMarks = 256;

/**
 * Normalises text as CLIP's tokenizer.json does: NFC, each run of white space to one space, lower case.
 *
 * Lower case is taken character by character, as Rust's `char::to_lowercase` does it, so Σ gives σ at a word's end too
 * and İ gives two characters, which stay apart because NFC comes first. The time is linear in the length.
 *
 * @param text well-formed UTF-16
 */
export function normalizeClipText(text: string): string {
  let spaced = orderLongMarkRuns(text).normalize("NFC").replace(/\p{White_Space}/gu, " ");
  // A bounded repetition, for an unbounded one overflows V8's stack on megabytes of spaces.
  while (spaced.includes("  ")) spaced = spaced.replace(/ {2,4096}/g, " ");
  return spaced.replaceAll("Σ", "σ").toLowerCase();
}

/** Brings long runs of combining marks into canonical order, for which the engine itself takes quadratic time. */
function orderLongMarkRuns(text: string): string {
  if (text.length < manyMarks) return text;
  let ordered = "";
  let done = 0;
  for (let at = 0; at < text.length;) {
    const start = at;
    while (at < text.length) {
      const codePoint = text.codePointAt(at)!;
      if (codePoint < 0x300 || characterClass(codePoint) !== CharacterClass.mark) break;
      at += codePoint > 0xffff ? 2 : 1;
    }
    if (at - start >= manyMarks) {
      ordered += text.slice(done, start) + orderMarks(text.slice(start, at));
      done = at;
    }
    if (at === start) at++;
  }
  return ordered + text.slice(done);
}

/**
 * The Canonical Ordering Algorithm (Unicode Standard, D109): a stable sort by combining class between starters.
 *
 * JavaScript does not tell combining classes, but NFD shows their order by swapping two marks or not.
 */
function orderMarks(marks: string): string {
  const atoms = new Map<string, string[]>();
  for (const mark of marks) {
    if (!atoms.has(mark)) atoms.set(mark, [...mark.normalize("NFD")]);
  }
  const movable = [...new Set([...atoms.values()].flat())].filter(isMovable);
  movable.sort((a, b) => swaps(a, b) ? 1 : swaps(b, a) ? -1 : 0);
  const ranks = new Map<string, number>();
  let rank = 0;
  movable.forEach((mark, i) => {
    if (i > 0 && swaps(mark, movable[i - 1]!)) rank++;
    ranks.set(mark, rank);
  });
  let ordered = "";
  let buckets: string[] = [];
  for (const mark of marks) {
    for (const atom of atoms.get(mark)!) {
      const bucket = ranks.get(atom);
      if (bucket !== undefined) {
        buckets[bucket] = (buckets[bucket] ?? "") + atom;
      } else {
        ordered += buckets.join("") + atom;
        buckets = [];
      }
    }
  }
  return ordered + buckets.join("");
}

/** Whether the combining class of `first` is above that of `second`, and that of `second` above 0. */
function swaps(first: string, second: string): boolean {
  return first !== second && (first + second).normalize("NFD") === second + first;
}

/**
 * Whether a character is no starter: it moves past U+0334 (class 1, the lowest) or U+0345 (class 240, the highest) past
 * it.
 */
function isMovable(mark: string): boolean {
  return swaps(mark, "\u0334") || swaps("\u0345", mark);
}
