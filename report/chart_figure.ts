import { escapeHtml } from "./escape_html.ts";

/** A chart as a `<figure>`: its title, a note, and what is drawn. */
export function chartFigure(
  { title, note, large = false, body }: {
    readonly title: string;
    readonly note: string;
    /** Across the page. */
    readonly large?: boolean;
    /** HTML. */
    readonly body: string;
  },
): string {
  return `<figure class="chart${large ? " large" : ""}"><figcaption><b>${escapeHtml(title)}</b> ` +
    `<span>${escapeHtml(note)}</span></figcaption>${body}</figure>`;
}
