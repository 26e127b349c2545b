/**
 * Parts of documents that programs write.
 * @module
 */

/** A table as deno fmt writes it: the first column to the left, the others to the right. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) => Math.max(3, head.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join(" | ")} |`;
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`);
  return [line(heads), line(rule), ...rows.map(line)].join("\n");
}

/**
 * Puts a text where a document has its marks.
 *
 * @throws {Error} where the marks are not there
 */
export function betweenMarks(document: string, text: string, marks: readonly [string, string]): string {
  const [start, end] = [document.indexOf(marks[0]), document.indexOf(marks[1])];
  if (start < 0 || end < start) throw new Error(`Expected "${marks[0]}" and "${marks[1]}" in the document`);
  return `${document.slice(0, start)}${marks[0]}\n\n${text}\n\n${document.slice(end)}`;
}
