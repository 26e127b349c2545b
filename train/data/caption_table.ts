/**
 * Captions in a table: `metadata.jsonl` as Hugging Face data sets have it, or CSV with a header.
 * @module
 */
import { dirname, join } from "node:path";
import { CheckpointError } from "../../errors.ts";
import { readRange } from "./byte_range.ts";
import { readCsv } from "./csv.ts";
import { captionFields, captionOf } from "./sample.ts";

/** One row of a caption table. */
export interface CaptionRow {
  /** Line of the file, counted from 1. */
  readonly line: number;
  /** As it is written, relative to the table's folder. */
  readonly fileName: string;
  /** Undefined where the row has none. */
  readonly caption: string | undefined;
}

/** Largest table in bytes. */
const maxTableBytes = 2 ** 28;

/** Whether a file may be a caption table by its name. */
export function isTableName(name: string): boolean {
  return /\.(jsonl|csv)$/i.test(name);
}

/**
 * Reads a caption table: rows with `file_name`, and `caption` or `text`.
 *
 * @returns undefined where the file's first row has no `file_name`: it is a table of something else
 * @throws {CheckpointError} naming file and line, where a row cannot be read
 */
export async function readCaptionTable(path: string): Promise<CaptionRow[] | undefined> {
  try {
    const bytes = await readRange({ path }, { maxBytes: maxTableBytes });
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return path.toLowerCase().endsWith(".csv") ? readCsvTable(text) : readJsonLines(text);
  } catch (cause) {
    const isOurs = cause instanceof CheckpointError || cause instanceof SyntaxError;
    // TextDecoder's word for bytes that are not UTF-8.
    if (!isOurs && !(cause instanceof TypeError)) throw cause;
    const detail = isOurs ? cause.message : "it is not UTF-8";
    throw new CheckpointError(`${path}: cannot read the captions: ${detail}`, { cause });
  }
}

/**
 * The path of a picture that a table names, relative to the data set.
 *
 * @param folder of the table, relative to the data set, `""` for its top
 * @returns undefined where the name leads out of the data set
 */
export function picturePath(fileName: string, folder: string): string | undefined {
  const path = join(folder, fileName.replaceAll("\\", "/"));
  const leaves = path === ".." || path.startsWith("../") || /^(\/|[A-Za-z]:)/.test(fileName);
  return leaves ? undefined : path;
}

/** Folder of a relative path, `""` for the top. */
export function folderOf(path: string): string {
  const folder = dirname(path);
  return folder === "." ? "" : folder;
}

function readJsonLines(text: string): CaptionRow[] | undefined {
  const rows: CaptionRow[] = [];
  for (const [index, source] of text.split("\n").entries()) {
    if (source.trim() === "") continue;
    const line = index + 1;
    let record;
    try {
      record = JSON.parse(source);
    } catch (cause) {
      throw new SyntaxError(`line ${line}: not valid JSON`, { cause });
    }
    const fileName = record?.file_name;
    if (typeof fileName !== "string") {
      if (rows.length === 0) return undefined;
      throw new SyntaxError(`line ${line}: expected a "file_name"`);
    }
    rows.push({ line, fileName, caption: captionOf(record) });
  }
  return rows.length === 0 ? undefined : rows;
}

function readCsvTable(text: string): CaptionRow[] | undefined {
  const rows: CaptionRow[] = [];
  let header: readonly string[] | undefined;
  for (const { line, fields } of readCsv(text)) {
    if (header === undefined) {
      header = fields.map((name) => name.trim().toLowerCase());
      if (!header.includes("file_name")) return undefined;
      continue;
    }
    if (fields.length !== header.length) {
      throw new SyntaxError(`line ${line}: expected ${header.length} fields but found ${fields.length}`);
    }
    const captionAt = captionFields.map((name) => header!.indexOf(name)).find((at) => at >= 0);
    rows.push({
      line,
      fileName: fields[header.indexOf("file_name")]!,
      caption: captionAt === undefined ? undefined : fields[captionAt],
    });
  }
  return header === undefined ? undefined : rows;
}
