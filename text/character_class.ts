/** What the CLIP tokenizer wants to know of a character. */
export const CharacterClass = { space: 1, letter: 2, number: 3, mark: 4, other: 5 } as const;

/** One of the values of {@linkcode CharacterClass}. */
export type CharacterClass = typeof CharacterClass[keyof typeof CharacterClass];

// Unicode's White_Space. JavaScript's own \s also has U+FEFF and lacks U+0085; \p{White_Space} is exact.
const tests: readonly [RegExp, CharacterClass][] = [
  [/\p{White_Space}/u, CharacterClass.space],
  [/\p{L}/u, CharacterClass.letter],
  [/\p{N}/u, CharacterClass.number],
  [/\p{M}/u, CharacterClass.mark],
];

const known = new Uint8Array(0x110000);

/**
 * Returns the class of a code point, by Unicode's White_Space and general categories L, N and M.
 *
 * Each is looked up once and remembered. Scanning with this, and not with `/\p{L}+/u`, is what keeps texts of megabytes
 * safe: V8's regular expressions put every repetition on a stack of limited size.
 */
export function characterClass(codePoint: number): CharacterClass {
  const found = known[codePoint]!;
  if (found !== 0) return found as CharacterClass;
  const character = String.fromCodePoint(codePoint);
  const value = tests.find(([pattern]) => pattern.test(character))?.[1] ?? CharacterClass.other;
  known[codePoint] = value;
  return value;
}
