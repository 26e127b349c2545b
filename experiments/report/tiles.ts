import { escapeHtml } from "../../report/escape_html.ts";

/** The first numbers of a page: what each is, the number, and a note. */
export function tiles(all: readonly (readonly [term: string, value: string, note: string])[]): string {
  return `<dl class="tiles">\n${
    all.map(([term, value, note]) =>
      `<div><dt>${escapeHtml(term)}</dt><dd>${escapeHtml(value)}</dd><dd class="note">${escapeHtml(note)}</dd></div>`
    ).join("\n")
  }\n</dl>`;
}
