const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Text for HTML and SVG, in elements and in quoted attributes; characters that a page must not hold (controls, lone surrogates)
 * become U+FFFD.
 */
export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    // deno-lint-ignore no-control-regex
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, "\ufffd")
    .replace(/[&<>"']/g, (character) => entities[character]!);
}
