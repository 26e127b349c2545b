/** A text that was changed on its way, which still knows where each unit of it comes from. */
export class AlignedText {
  readonly text: string;
  readonly #originOf: (index: number) => number;

  private constructor(text: string, originOf: (index: number) => number) {
    this.text = text;
    this.#originOf = originOf;
  }

  /** An unchanged part of a text, which starts there at `start`. */
  static from(text: string, start: number): AlignedText {
    return new AlignedText(text, (index) => start + index);
  }

  /** Where the UTF-16 unit at `index` comes from. */
  originOf(index: number): number {
    return this.#originOf(index);
  }

  /** Another text, whose unit at i comes from this one's unit at `places[i]`. */
  rearranged(text: string, places: readonly number[]): AlignedText {
    return new AlignedText(text, (index) => this.#originOf(places[index]!));
  }

  /** A part of it. */
  slice(from: number, to?: number): AlignedText {
    return new AlignedText(this.text.slice(from, to), (index) => this.#originOf(from + index));
  }

  /** The same with `prefix` before it, which comes from where it starts. */
  prefixed(prefix: string): AlignedText {
    return new AlignedText(prefix + this.text, (index) => this.#originOf(Math.max(0, index - prefix.length)));
  }

  /** The same without white space (`White_Space` of Unicode) at its end. */
  trimmedEnd(): AlignedText {
    let end = this.text.length;
    while (end > 0 && /\p{White_Space}/u.test(this.text[end - 1]!)) end--;
    return this.slice(0, end);
  }

  /** The same with every match of a global `pattern` replaced by `content`. */
  replaced(pattern: RegExp, content: string): AlignedText {
    const parts: string[] = [];
    const places: number[] = [];
    let done = 0;
    const keep = (to: number) => {
      parts.push(this.text.slice(done, to));
      for (let i = done; i < to; i++) places.push(i);
    };
    for (const match of this.text.matchAll(pattern)) {
      keep(match.index);
      parts.push(content);
      for (let i = 0; i < content.length; i++) places.push(match.index);
      done = match.index + match[0].length;
    }
    if (done === 0) return this;
    keep(this.text.length);
    return this.rearranged(parts.join(""), places);
  }

  /** The same with every character replaced by what `become` returns for it. */
  mapped(become: (character: string) => string): AlignedText {
    const parts: string[] = [];
    const places: number[] = [];
    let at = 0;
    for (const character of this.text) {
      const result = become(character);
      parts.push(result);
      for (let i = 0; i < result.length; i++) places.push(at);
      at += character.length;
    }
    return this.rearranged(parts.join(""), places);
  }

  /** The parts that `pattern` matches, in order. */
  *matches(pattern: RegExp): Generator<AlignedText> {
    for (const match of this.text.matchAll(pattern)) yield this.slice(match.index, match.index + match[0].length);
  }
}
