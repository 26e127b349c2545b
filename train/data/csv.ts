/**
 * Comma-separated values (RFC 4180).
 * @module
 */

/** A record with the line on which it begins, counted from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads records: fields may stand in quotes, which then hold commas, line ends and doubled quotes. Empty lines are skipped.
 *
 * @throws {SyntaxError} where a quote is not closed, or something other than a comma follows a closing one
 */
export function* readCsv(text: string): Generator<CsvRecord, void> {
  let fields: string[] = [];
  let line = 1;
  let first = line;
  const separator = /[,\r\n]/g;
  for (let at = 0; at < text.length;) {
    let field: string;
    let end: number;
    if (text[at] === '"') {
      end = closingQuote(text, at);
      if (end < 0) throw new SyntaxError(`line ${line}: a quote is not closed`);
      const quoted = text.slice(at + 1, end++);
      if (end < text.length && !",\r\n".includes(text[end]!)) {
        throw new SyntaxError(`line ${line}: expected a comma after a closing quote but found "${text[end]}"`);
      }
      line += quoted.split("\n").length - 1;
      field = quoted.replaceAll('""', '"');
    } else {
      separator.lastIndex = at;
      end = separator.exec(text)?.index ?? text.length;
      field = text.slice(at, end);
    }
    fields.push(field);
    at = end + 1;
    if (text[end] === ",") {
      // A comma at the very end has an empty field behind it.
      if (at === text.length) fields.push("");
      continue;
    }
    if (text[end] === "\r" && text[at] === "\n") at++;
    if (fields.length > 1 || fields[0] !== "") yield { line: first, fields };
    fields = [];
    first = ++line;
  }
  if (fields.length > 0) yield { line: first, fields };
}

/** Where the quote that opens at `start` closes, −1 where it does not. */
function closingQuote(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}
