/**
 * X/Y grids of pictures.
 * @module
 */
import type { EmbeddedPicture } from "../../report/embedded_picture.ts";
import { escapeHtml } from "../../report/escape_html.ts";
import { assignmentLabel, imageLabel, valueLabel } from "../labels.ts";
import { canonicalJson } from "../picture_id.ts";
import type { StoredCell } from "../stored_plan.ts";
import type { Column } from "../summary.ts";
import { copyButton } from "./copy_button.ts";
import { type Dimension, type Layout, valueIn, valuesIn } from "./layout.ts";

/** What grids are made of. */
export interface GridContents {
  readonly cells: readonly StoredCell[];
  readonly layout: Layout;
  readonly pictures: ReadonlyMap<string, EmbeddedPicture>;
  /** What went wrong with a picture. */
  readonly failures: ReadonlyMap<string, string>;
  readonly columns: readonly Column[];
  commandOf(cell: StoredCell): string;
}

/** Grids that are open when the page is. */
const openGrids = 6;

/** Measurements under a picture. */
const captionColumns = 3;

/** A section with a grid for each value of what is neither across nor down. */
export function pictureGrids(contents: GridContents): string {
  const { cells, layout: { facets } } = contents;
  const shown = cells.filter(({ repeat }) => repeat === 0);
  const groups = [
    ...Map.groupBy(shown, (cell) => canonicalJson(facets.map((facet) => valueIn(cell, facet) ?? null))).values(),
  ];
  const grids = groups.map((cells, i) => {
    const facet = Object.fromEntries(facets.map((facet) => [facet, valueIn(cells[0]!, facet)]));
    const table = grid(cells, contents);
    if (facets.length === 0) return table;
    return `<details class="facet"${i < openGrids ? " open" : ""}><summary><bdi>${
      escapeHtml(assignmentLabel(facet))
    }</bdi></summary>${table}</details>`;
  });
  return `<section id="pictures"><h2>Pictures <small>click one to copy the command that makes it again</small></h2>${
    grids.join("\n")
  }</section>`;
}

function grid(cells: readonly StoredCell[], contents: GridContents): string {
  const { x, y } = contents.layout;
  const across = axis(contents.cells, x);
  const down = axis(contents.cells, y);
  const corner = [...(x === undefined ? [] : [`→ ${x}`]), ...(y === undefined ? [] : [`↓ ${y}`])].map(escapeHtml).join(
    "<br>",
  );
  const place = (cell: StoredCell) =>
    canonicalJson([x, y].map((key) => key === undefined ? null : valueIn(cell, key) ?? null));
  const byPlace = new Map(cells.map((cell) => [place(cell), cell]));
  const rows = down.map((row) => {
    const boxes = across.map((column) => {
      const cell = byPlace.get(canonicalJson([column.value ?? null, row.value ?? null]));
      return `<td>${cell ? box(cell, contents) : ""}</td>`;
    });
    return `<tr><th scope="row"><bdi>${escapeHtml(row.label)}</bdi></th>${boxes.join("")}</tr>`;
  });
  const heads = across.map(({ label }) => `<th scope="col"><bdi>${escapeHtml(label)}</bdi></th>`);
  const side = Math.round(Math.min(256, Math.max(96, 880 / across.length)));
  return `<div class="scroll"><table class="grid" style="--side: ${side}px"><thead><tr><th class="corner">${corner}</th>${
    heads.join("")
  }</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`;
}

function axis(cells: readonly StoredCell[], dimension: Dimension | undefined): { value: unknown; label: string }[] {
  if (dimension === undefined) return [{ value: undefined, label: "" }];
  return valuesIn(cells, dimension).map((value) => ({ value, label: valueLabel(value) }));
}

function box(cell: StoredCell, { pictures, failures, columns, commandOf }: GridContents): string {
  const picture = pictures.get(cell.id);
  if (!picture) {
    const failure = failures.get(cell.id);
    return `<p class="missing">${escapeHtml(failure === undefined ? "not painted yet" : failure)}</p>`;
  }
  const { source, width, height } = picture;
  const what = [assignmentLabel(cell.swept), `seed ${cell.seed}`, imageLabel(cell)].filter((text) => text !== "").join(
    ", ",
  );
  const image = `<img src="${source}" width="${width}" height="${height}" alt="${escapeHtml(what)}">`;
  const numbers = columns.flatMap((column) => {
    const value = column.of(cell);
    return value === undefined ? [] : [`<span>${escapeHtml(`${column.label} ${column.format(value)}`.trim())}</span>`];
  });
  return `<figure>${
    copyButton(commandOf(cell), { html: image, label: `Copy the command that makes this: ${what}` })
  }<figcaption>${numbers.slice(0, captionColumns).join(" ")}</figcaption></figure>`;
}
