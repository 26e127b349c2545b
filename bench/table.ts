/**
 * A table that grows line by line while a benchmark runs.
 * @module
 */

/** Width of the first column; the others are as wide as their headings, at least {@linkcode numberWidth}. */
const nameWidth = 28;
const numberWidth = 8;

/** Formats rows under headings: the first column to the left, numbers to the right, what is unknown as `n/a`. */
export class Table {
  readonly #headings: readonly string[];

  constructor(headings: readonly string[]) {
    this.#headings = headings;
  }

  /** The line of headings. */
  head(): string {
    return this.row(this.#headings);
  }

  /** One line. Numbers keep three significant digits. */
  row(cells: readonly (string | number | undefined)[]): string {
    return cells.map((cell, column) => {
      const text = typeof cell === "number" ? significant(cell) : cell ?? "n/a";
      const width = Math.max(numberWidth, this.#headings[column]?.length ?? 0);
      return column === 0 ? text.padEnd(nameWidth) : text.padStart(width);
    }).join("  ");
  }
}

function significant(value: number): string {
  if (value === 0 || Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.min(4, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))));
}
