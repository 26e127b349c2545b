/**
 * Buttons that copy a command, and the script that does it.
 * @module
 */
import { escapeHtml } from "../../report/escape_html.ts";

/** A button that copies a command when it is clicked. */
export function copyButton(command: string, { html, label }: { html: string; label: string }): string {
  return `<button type="button" data-command="${escapeHtml(command)}" aria-label="${
    escapeHtml(label)
  }">${html}</button>`;
}

/** Where the page says that something was copied; once on each page. */
export const copyStatus = '<p id="copied" role="status" aria-live="polite"></p>';

/**
 * Copies what the button that was clicked holds. Pages of files may have no clipboard: there a selection is copied, and where that fails
 * too, the command is shown.
 */
export const copyScript = `
const status = document.getElementById("copied");
let timer;
function say(text) {
  status.textContent = text;
  status.className = "shown";
  clearTimeout(timer);
  timer = setTimeout(() => { status.className = ""; }, 4000);
}
function copySelected(text) {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-command]");
  if (!button) return;
  const text = button.dataset.command;
  let isCopied = false;
  try {
    await navigator.clipboard.writeText(text);
    isCopied = true;
  } catch {
    isCopied = copySelected(text);
  }
  say(isCopied ? "Copied: " + text : text);
});
`;
