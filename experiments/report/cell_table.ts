/**
 * All cells: what differs between them, what was measured, and how to make one again.
 * @module
 */
import { escapeHtml } from "../../report/escape_html.ts";
import { imageLabel, valueLabel } from "../labels.ts";
import { canonicalJson } from "../picture_id.ts";
import type { Results } from "../results.ts";
import type { StoredCell } from "../stored_plan.ts";
import type { Column } from "../summary.ts";
import { copyButton } from "./copy_button.ts";

/** Most rows. */
const maxRows = 2000;

/** The settings of a cell, defaults filled in where it was painted, keys inside objects joined by dots. */
export function flatSettings(cell: StoredCell, { pictures }: Pick<Results, "pictures">): Map<string, unknown> {
  const painted = pictures.get(cell.id)?.options ?? {};
  const { seed: _, ...settings } = { ...cell.settings, ...painted };
  return new Map(flat(settings, ""));
}

function flat(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, path === "" ? key : `${path}.${key}`));
}

/** The keys in which cells differ, and what all others are. */
export function differences(all: readonly ReadonlyMap<string, unknown>[]): {
  keys: string[];
  common: Record<string, unknown>;
} {
  const names = new Set(all.flatMap((settings) => [...settings.keys()]));
  const keys: string[] = [];
  const common: Record<string, unknown> = {};
  for (const name of names) {
    const values = new Set(all.map((settings) => canonicalJson(settings.get(name) ?? null)));
    if (values.size > 1) keys.push(name);
    else common[name] = all[0]!.get(name);
  }
  return { keys, common };
}

/** A section with a row for each cell. */
export function cellTable(
  { cells, columns, results, commandOf }: {
    cells: readonly StoredCell[];
    columns: readonly Column[];
    results: Results;
    commandOf: (cell: StoredCell) => string;
  },
): string {
  const settings = cells.map((cell) => flatSettings(cell, results));
  // Of a cell that is not painted the defaults are not known.
  const painted = settings.filter((_, i) => results.pictures.has(cells[i]!.id));
  const { keys, common } = differences(painted.length > 0 ? painted : settings);
  const measured = columns.filter((column) => cells.some((cell) => column.of(cell) !== undefined));
  const hasRepeats = cells.some(({ repeat }) => repeat > 0);
  const hasDraws = cells.some(({ image }) => image > 0);
  const heads = [
    ...keys,
    "seed",
    ...(hasDraws ? ["picture"] : []),
    ...(hasRepeats ? ["repeat"] : []),
    ...measured.map(({ title }) => title),
    "command",
  ];
  const rows = cells.slice(0, maxRows).map((cell, i) => {
    const own = keys.map((key) => valueLabel(settings[i]!.get(key)));
    const numbers = measured.map((column) => {
      const value = column.of(cell);
      return value === undefined ? results.failures.has(cell.id) ? "failed" : "–" : column.format(value);
    });
    const place = hasDraws ? [imageLabel(cell)] : [];
    const texts = [...own, String(cell.seed), ...place, ...(hasRepeats ? [String(cell.repeat + 1)] : []), ...numbers];
    const button = copyButton(commandOf(cell), { html: "copy", label: `Copy the command that makes ${cell.id}` });
    return `<tr>${texts.map((text) => `<td><bdi>${escapeHtml(text)}</bdi></td>`).join("")}<td>${button}</td></tr>`;
  });
  const more = cells.length > maxRows ? `<p class="note">The first ${maxRows} of ${cells.length} cells.</p>` : "";
  return '<section id="cells"><h2>Cells <small>only settings in which they differ</small></h2>' +
    `<div class="scroll"><table class="cells"><thead><tr>${
      heads.map((head) => `<th scope="col">${escapeHtml(head)}</th>`).join("")
    }</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>${more}` +
    `<details><summary>what all cells have in common</summary><pre>${
      escapeHtml(JSON.stringify(common, null, 2))
    }</pre></details></section>`;
}
