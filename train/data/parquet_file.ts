/**
 * Parquet files with pictures inside, as Hugging Face data sets have them: rows in order, a window of them in memory.
 * @module
 */
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { CheckpointError } from "../../errors.ts";
import { captionFields } from "./sample.ts";

/** One row: the file of a picture (empty where the row has none) and its caption. */
export interface ParquetRow {
  readonly image: Uint8Array;
  readonly caption: string | undefined;
}

/** Rows that are decoded together where the file has an index of its pages. */
const windowRows = 64;

/** Most bytes of a row group that has to be decoded whole. */
const maxGroupBytes = 2 ** 31;

/** An open Parquet file, its footer read. */
export interface ParquetFile {
  readonly path: string;
  readonly length: number;
  /** All rows in order. */
  rows(): AsyncIterable<ParquetRow>;
}

/**
 * Opens a Parquet file that has a column `image` (or another of bytes), and may have one named `caption` or `text`.
 *
 * @throws {CheckpointError} where it is damaged, has no such column, or row groups too large to decode
 */
export async function openParquetFile(path: string): Promise<ParquetFile> {
  const metadata = await explained(path, () => parquetMetadataAsync(bufferOf(path)));
  const columns = parquetSchema(metadata).children;
  const image = columns.find(({ element }) => element.name === "image" || element.name === "img") ??
    columns.find(holdsBytes);
  if (image === undefined || !holdsBytes(image)) {
    const names = columns.map(({ element }) => element.name).join(", ");
    throw new CheckpointError(`${path}: expected a column "image" of bytes or {bytes, path} but found ${names}`);
  }
  const caption = captionFields.find((name) => columns.some(({ element }) => element.name === name));
  const names = { image: image.element.name, caption };
  return { path, length: Number(metadata.num_rows), rows: () => readRows(path, { metadata, names }) };
}

interface Table {
  readonly metadata: FileMetaData;
  readonly names: { readonly image: string; readonly caption: string | undefined };
}

async function* readRows(path: string, { metadata, names }: Table): AsyncGenerator<ParquetRow, void> {
  const file = bufferOf(path);
  const columns = [names.image, ...names.caption === undefined ? [] : [names.caption]];
  let groupStart = 0;
  for (const group of metadata.row_groups) {
    const groupRows = Number(group.num_rows);
    const hasPageIndex = group.columns.every((column) => column.offset_index_offset !== undefined);
    const bytes = Number(group.total_byte_size);
    if (!hasPageIndex && bytes > maxGroupBytes) {
      throw new CheckpointError(
        `${path}: a row group of ${bytes} bytes is too large: write it with fewer rows a group`,
      );
    }
    const step = hasPageIndex ? windowRows : groupRows;
    for (let start = groupStart; start < groupStart + groupRows; start += step) {
      const rowEnd = Math.min(start + step, groupStart + groupRows);
      const range = { rowStart: start, rowEnd, useOffsetIndex: hasPageIndex };
      const rows = await explained(
        path,
        () => parquetReadObjects({ file, metadata, columns, compressors, utf8: false, ...range }),
      );
      for (const row of rows) {
        const caption = names.caption === undefined ? undefined : row[names.caption];
        yield { image: imageOf(row[names.image]), caption: typeof caption === "string" ? caption : undefined };
      }
    }
    groupStart += groupRows;
  }
}

/** Whether a column is of bytes, or a struct whose `bytes` are. */
function holdsBytes({ element, children }: SchemaTree): boolean {
  if (children.length > 0) return children.some((child) => child.element.name === "bytes" && holdsBytes(child));
  const isText = element.converted_type === "UTF8" || element.logical_type?.type === "STRING";
  return element.type === "BYTE_ARRAY" && !isText;
}

function imageOf(cell: unknown): Uint8Array {
  const bytes = cell instanceof Uint8Array ? cell : (cell as { bytes?: unknown } | null)?.bytes;
  return bytes instanceof Uint8Array ? bytes : new Uint8Array();
}

function bufferOf(path: string): AsyncBuffer {
  const { size } = Deno.statSync(path);
  return {
    byteLength: size,
    async slice(start, end = size) {
      using file = await Deno.open(path);
      await file.seek(start, Deno.SeekMode.Start);
      const bytes = new Uint8Array(Math.max(0, end - start));
      for (let at = 0; at < bytes.length;) {
        const count = await file.read(bytes.subarray(at));
        if (count === null) throw new CheckpointError(`the file ends at byte ${start + at}`);
        at += count;
      }
      return bytes.buffer;
    },
  };
}

/** The library throws plain errors, also for damage that it does not foresee. */
async function explained<Result>(path: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable) throw cause;
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new CheckpointError(`${path}: cannot read the Parquet file: ${detail}`, { cause });
  }
}
