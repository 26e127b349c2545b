import { CharacterClass, characterClass } from "./character_class.ts";

const contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

/**
 * Splits normalised text into the words that byte-pair encoding sees, and yields `[start, end)` of each in UTF-16
 * units.
 *
 * A word is what the pattern of CLIP's tokenizer.json matches:
 * `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`. White space belongs to no word. The second split that
 * tokenizer.json lists (`ByteLevel` with GPT-2's pattern) leaves such words whole, so it is not done.
 */
export function* clipWords(text: string): Generator<[start: number, end: number]> {
  let at = 0;
  while (at < text.length) {
    const start = at;
    const kind = wordClass(text, at);
    at += width(text, at);
    if (kind === CharacterClass.space) continue;
    const contraction = text[start] === "'" ? contractions.find((end) => text.startsWith(end, start)) : undefined;
    if (contraction !== undefined) {
      at = start + contraction.length;
    } else if (kind !== CharacterClass.number) {
      while (at < text.length && wordClass(text, at) === kind) at += width(text, at);
    }
    yield [start, at];
  }
}

function wordClass(text: string, at: number): CharacterClass {
  const found = characterClass(text.codePointAt(at)!);
  return found === CharacterClass.mark ? CharacterClass.other : found;
}

function width(text: string, at: number): number {
  return text.codePointAt(at)! > 0xffff ? 2 : 1;
}
