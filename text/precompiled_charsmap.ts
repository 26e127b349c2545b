/**
 * SentencePiece's table of characters: what each becomes before a text is split (https://arxiv.org/abs/1808.06226, §3.2).
 * @module
 */
import type { AlignedText } from "./aligned_text.ts";

/** Bytes of the longest grapheme that is looked up as a whole. */
const longestGrapheme = 5;
/** How many graphemes are remembered with what they become. */
const mostRemembered = 10_000;

const leafBit = 1 << 8;
const labelMask = (1 << 31 | 0xff) >>> 0;

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });
/** Latin, Greek, Cyrillic, kana and Han: characters that join no neighbour of their kind (`Grapheme_Cluster_Break=Other`). */
const plain =
  " -~\\u00a0-\\u00ac\\u00ae-\\u02ff\\u0370-\\u0482\\u048a-\\u052f\\u3041-\\u3096\\u30a1-\\u30fa\\u4e00-\\u9fff";
/** A plain character before another one, which is a grapheme, or a stretch that has to be looked at. */
const stretch = new RegExp(`[${plain}](?=[${plain}]|$)|(?:[^${plain}]|[${plain}](?=[^${plain}]))+[${plain}]?`, "g");

/** What readers take for characters, and where each starts. The segmenter alone takes many times as long. */
function* graphemes(text: string): Generator<readonly [segment: string, index: number]> {
  for (const { 0: part, index } of text.matchAll(stretch)) {
    if (part.length === 1) yield [part, index];
    else for (const inner of segmenter.segment(part)) yield [inner.segment, index + inner.index];
  }
}

/**
 * A `precompiled_charsmap`: a double-array trie (Darts-clone) from UTF-8 bytes to places in a list of texts, each ended by a zero.
 *
 * It does what Hugging Face tokenizers make of it and not what SentencePiece does (huggingface/spm_precompiled, `normalize_string`):
 * a grapheme of up to 5 bytes is replaced by what its *shortest* beginning in the table becomes, a longer one character by character.
 */
export class PrecompiledCharsmap {
  readonly #units: Uint32Array;
  readonly #texts: Uint8Array;
  readonly #remembered = new Map<string, string | undefined>();

  /** @throws {RangeError} where `bytes` are no such table */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = bytes.length < 4 ? -1 : view.getUint32(0, true);
    if (size < 4 || size % 4 !== 0 || 4 + size > bytes.length) {
      throw new RangeError(`Expected a table of characters but found ${bytes.length} bytes that are none`);
    }
    this.#units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.#texts = bytes.subarray(4 + size);
  }

  /** Replaces what the table knows, grapheme by grapheme. */
  normalize(source: AlignedText): AlignedText {
    const parts: string[] = [];
    const places: number[] = [];
    const put = (text: string, at: number) => {
      parts.push(text);
      for (let i = 0; i < text.length; i++) places.push(at);
    };
    for (const [segment, index] of graphemes(source.text)) {
      const whole = this.#become(segment, { longest: longestGrapheme });
      if (whole !== undefined) {
        put(whole, index);
        continue;
      }
      let at = index;
      for (const character of segment) {
        put(this.#become(character) ?? character, at);
        at += character.length;
      }
    }
    return source.rearranged(parts.join(""), places);
  }

  #become(text: string, { longest = Infinity }: { longest?: number } = {}): string | undefined {
    if (text.length > longest) return undefined;
    if (this.#remembered.has(text)) return this.#remembered.get(text);
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > longest) return undefined;
    const found = this.#lookUp(bytes);
    if (this.#remembered.size < mostRemembered) this.#remembered.set(text, found);
    return found;
  }

  /** What the shortest beginning of `key` in the table becomes. */
  #lookUp(key: Uint8Array): string | undefined {
    const unitAt = (at: number) => this.#units[at] ?? 0;
    const offset = (unit: number) => (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
    let at = offset(unitAt(0));
    for (const byte of key) {
      if (byte === 0) return undefined;
      at ^= byte;
      const unit = unitAt(at);
      if ((unit & labelMask) >>> 0 !== byte) return undefined;
      at ^= offset(unit);
      if (unit & leafBit) return this.#textAt(unitAt(at) & 0x7fffffff);
    }
    return undefined;
  }

  #textAt(start: number): string {
    const end = this.#texts.indexOf(0, start);
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      this.#texts.subarray(start, end === -1 ? undefined : end),
    );
  }
}
