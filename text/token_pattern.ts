import type { AddedToken } from "./added_tokens.ts";

/** A stretch of text: a token if it has an id, else what lies between tokens. */
export interface TextPart {
  text: string;
  /** Where it starts, in UTF-16 units. */
  start: number;
  id: number | undefined;
}

/** \w of Rust's regex, after Unicode's UTS #18. */
const wordCharacter = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/**
 * Finds added tokens in a text: the leftmost, the longest of several there
 * (tokenizers/src/tokenizer/added_vocabulary.rs, `find_matches`).
 *
 * `lstrip` and `rstrip` have no part in it: the white space that they would take is in no word anyway.
 */
export class TokenPattern {
  /** Tokens by their first UTF-16 unit, longest first. */
  readonly #tokens: ReadonlyMap<number, readonly AddedToken[]>;

  /** @param tokens to look for by their `content`; of several with the same the first counts */
  constructor(tokens: readonly AddedToken[]) {
    const longestFirst = tokens.toSorted((a, b) => b.content.length - a.content.length);
    this.#tokens = Map.groupBy(longestFirst, ({ content }) => content.charCodeAt(0));
  }

  /** Yields the parts of a well-formed text in order; empty ones are left out. */
  *split(text: string): Generator<TextPart> {
    let done = 0;
    for (let start = 0; start < text.length;) {
      const token = this.#tokens.get(text.charCodeAt(start))?.find(({ content }) => text.startsWith(content, start));
      const end = start + (token?.content.length ?? 1);
      if (token !== undefined && !(token.singleWord && touchesWord(text, start, end))) {
        if (start > done) yield { text: text.slice(done, start), start: done, id: undefined };
        yield { text: token.content, start, id: token.id };
        done = end;
      }
      start = end;
    }
    if (done < text.length) yield { text: text.slice(done), start: done, id: undefined };
  }
}

function touchesWord(text: string, start: number, end: number): boolean {
  // Two units hold any character. No $ in the pattern: V8 then misses characters past the basic plane.
  const before = [...text.slice(Math.max(0, start - 2), start)].at(-1) ?? "";
  const after = [...text.slice(end, end + 2)].at(0) ?? "";
  return wordCharacter.test(before) || wordCharacter.test(after);
}
