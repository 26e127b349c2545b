// Control characters, line separators and marks that turn the writing direction: a terminal obeys them.
// deno-lint-ignore no-control-regex -- they are what this looks for
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/**
 * Quotes text of an untrusted file for an error message: one line, at most 100 characters of it, nothing that a terminal obeys.
 */
export function quote(text: string): string {
  const cut = text.length > 100 ? `${text.slice(0, 100).toWellFormed()}…` : text.toWellFormed();
  const escaped = cut.replace(/["\\]/g, "\\$&").replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

/** Quotes the first five of `names` and counts the rest: `"a", "b", "c", "d", "e" and 7 more`. */
export function quoteSome(names: readonly string[]): string {
  const first = names.slice(0, 5).map(quote).join(", ");
  return names.length > 5 ? `${first} and ${names.length - 5} more` : first;
}
