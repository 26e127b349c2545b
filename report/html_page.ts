/**
 * The frame of a page that stands alone.
 * @module
 */
import { createHash } from "node:crypto";
import { escapeHtml } from "./escape_html.ts";
import { reportStyle } from "./style.ts";

/** What a page is made of. */
export interface HtmlPage {
  readonly title: string;
  /** HTML of the `<main>` element. */
  readonly body: string;
  /** Rules behind those that every report has. */
  readonly style?: string;
  /** The one script that the page may run. */
  readonly script?: string;
}

/**
 * A whole HTML page that needs nothing else: styles, pictures and its script are inside. Its content security policy forbids every
 * request and every script but that one, whatever text is in the page.
 */
export function htmlPage({ title, body, style = "", script }: HtmlPage): string {
  const allowed = script === undefined
    ? ""
    : `; script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'${allowed}">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${reportStyle}${style}</style>
</head>
<body>
<main>
${body}
</main>
${script === undefined ? "" : `<script>${script}</script>\n`}</body>
</html>
`;
}
