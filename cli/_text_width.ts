/**
 * How much room text takes on a terminal, and how to make text from elsewhere safe to show there.
 * @module
 */

/** Ranges of wide characters (UAX #11, W and F) that are not emoji by default. */
const wideCharacters =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Marks and format characters take no column of their own. */
const zeroWidth = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** What a character before it looks like as an emoji: two columns wide. */
const emojiSelector = "\ufe0f";

/**
 * Columns that text takes, counted by code point.
 *
 * Where terminals disagree (joined emoji) it is the larger number, so that a line that fits by this count never wraps.
 */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (character >= " " && character <= "~") return 1;
  if (character === emojiSelector) return 1;
  if (zeroWidth.test(character)) return 0;
  return wideCharacters.test(character) ? 2 : 1;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The beginning of a text that fits into `columns`, ended by `…` where something was cut; never within a visible character. */
export function fitText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let kept = "";
  let width = 1;
  for (const { segment } of graphemes.segment(text)) {
    width += textWidth(segment);
    if (width > columns) break;
    kept += segment;
  }
  return columns < 1 ? "" : `${kept}…`;
}

/**
 * Text with every character that could steer the terminal or reorder the line written out (`\u{1b}`): controls, line separators,
 * direction marks and lone surrogates. Prompts and metadata come from anywhere.
 *
 * @param multiline Keep line feeds and tabs
 */
export function visibleText(text: string, { multiline = false }: { multiline?: boolean } = {}): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu, (character) => {
    if (multiline && (character === "\n" || character === "\t")) return character;
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}
