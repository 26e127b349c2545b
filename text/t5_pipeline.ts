/**
 * What a T5 tokenizer does to a text before its words are encoded.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import type { AlignedText } from "./aligned_text.ts";
import { PrecompiledCharsmap } from "./precompiled_charsmap.ts";
import { type Fields, fieldsOf, itemsOf, unexpected } from "./tokenizer_fields.ts";

/** Changes a text. */
export type Normalizer = (text: AlignedText) => AlignedText;

/** Cuts a text into what is encoded alone. */
export type WordSplitter = (text: AlignedText) => Iterable<AlignedText>;

const blank = "\u2581";

/**
 * Reads `normalizer`: SentencePiece's table of characters, lower case, the removal of blanks at the end, and the joining of several
 * blanks, in any order and each or none of them.
 *
 * @param where file and field, for messages
 * @throws {CheckpointError} where it asks for anything else
 */
export function readNormalizer(value: unknown, where: string): Normalizer {
  if (value === null || value === undefined) return (text) => text;
  const fields = fieldsOf(value, where);
  switch (fields.type) {
    case "Sequence": {
      const steps = itemsOf(fields.normalizers, `${where}.normalizers`).map((step, i) =>
        readNormalizer(step, `${where}.normalizers[${i}]`)
      );
      return (text) => steps.reduce((changed, step) => step(changed), text);
    }
    case "Precompiled": {
      const table = readCharsmap(fields.precompiled_charsmap, `${where}.precompiled_charsmap`);
      return (text) => table.normalize(text);
    }
    case "Lowercase":
      // One character alone, as the original does: a final Σ becomes σ.
      return (text) => text.mapped((character) => character.toLowerCase());
    case "Strip":
      if (fields.strip_left !== false || fields.strip_right !== true) break;
      return (text) => text.trimmedEnd();
    case "Replace": {
      const { content, pattern } = fields;
      if (fieldsOf(pattern, `${where}.pattern`).Regex !== " {2,}" || typeof content !== "string") break;
      return (text) => text.replaced(/ {2,}/g, content);
    }
  }
  throw unexpected(where, "what T5's tokenizer has", fields.type);
}

function readCharsmap(value: unknown, where: string): PrecompiledCharsmap {
  if (typeof value !== "string") throw unexpected(where, "a table of characters", value);
  try {
    return new PrecompiledCharsmap(Uint8Array.from(atob(value), (character) => character.charCodeAt(0)));
  } catch (cause) {
    throw new CheckpointError(`${where}: ${(cause as Error).message}; copy the file anew`, { cause });
  }
}

/**
 * Reads `pre_tokenizer`: blanks become U+2581, one may be put before the text, and words begin with it; files of the old kind split at
 * white space first.
 *
 * @param where file and field, for messages
 * @throws {CheckpointError} where it asks for anything else
 */
export function readWordSplitter(value: unknown, where: string): WordSplitter {
  const fields = fieldsOf(value, where);
  if (fields.type === "Metaspace") return readMetaspace(fields, where);
  const [first, second, ...rest] = fields.type === "Sequence"
    ? itemsOf(fields.pretokenizers, `${where}.pretokenizers`).map((step, i) =>
      fieldsOf(step, `${where}.pretokenizers[${i}]`)
    )
    : [];
  if (first?.type !== "WhitespaceSplit" || second?.type !== "Metaspace" || rest.length > 0) {
    throw unexpected(where, "what T5's tokenizer has", fields.type);
  }
  const words = readMetaspace(second, `${where}.pretokenizers[1]`);
  return function* (text) {
    for (const word of text.matches(/\P{White_Space}+/gu)) yield* words(word);
  };
}

function readMetaspace(fields: Fields, where: string): WordSplitter {
  const { replacement, split = true, add_prefix_space } = fields;
  if (replacement !== blank) throw unexpected(`${where}.replacement`, `"${blank}"`, replacement);
  if (typeof split !== "boolean") throw unexpected(`${where}.split`, "true or false", split);
  const scheme = fields.prepend_scheme ?? (add_prefix_space === false ? "never" : "always");
  if (scheme !== "always" && scheme !== "first" && scheme !== "never") {
    throw unexpected(`${where}.prepend_scheme`, '"always", "first" or "never"', scheme);
  }
  return function* (text) {
    if (text.text === "") return;
    let spaced = text.replaced(/ /g, blank);
    const isPrepended = scheme === "always" || (scheme === "first" && text.originOf(0) === 0);
    if (isPrepended && !spaced.text.startsWith(blank)) spaced = spaced.prefixed(blank);
    if (split) yield* spaced.matches(/\u2581[^\u2581]*|^[^\u2581]+/g);
    else yield spaced;
  };
}
