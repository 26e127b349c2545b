/**
 * Parquet files as a data set.
 *
 * A row of Parquet cannot be reached without decoding its neighbours, so what the files hold is written once into a scratch folder,
 * picture behind caption behind picture, with an index of offsets. Reading in order needs no copy.
 * @module
 */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { CheckpointError, ConfigError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic_write.ts";
import { openParquetFile, type ParquetFile } from "./parquet_file.ts";
import type { SampleEntry } from "./sample.ts";
import type { OpenSourceOptions, Source } from "./source.ts";

/**
 * Indexes Parquet files.
 *
 * @throws {CheckpointError} where a file is damaged, or has no pictures or no rows
 * @throws {ResourceError} where `scratch` has not enough room
 */
export async function openParquet(
  path: string,
  { files, scratch }: OpenSourceOptions & { files: readonly string[] },
): Promise<Source> {
  const tables: ParquetFile[] = [];
  for (const file of files) tables.push(await openParquetFile(file));
  const length = tables.reduce((sum, table) => sum + table.length, 0);
  if (length === 0) throw new CheckpointError(`${path}: the Parquet files have no rows`);
  const ids = rowNames(tables);
  const copy = scratch === undefined ? undefined : await unpack(tables, { scratch, length });
  const entry = (index: number): SampleEntry => {
    if (copy === undefined) throw new ConfigError(`${path}: reading Parquet in any order needs a scratch folder`);
    const [start, middle, end] = copy.offsets.subarray(2 * index, 2 * index + 3);
    return {
      id: ids(index),
      image: { path: copy.path, offset: start!, length: middle! - start! },
      caption: { bytes: { path: copy.path, offset: middle!, length: end! - middle! }, format: "txt" },
    };
  };
  return {
    kind: "parquet",
    path,
    length,
    findings: { missingImages: [], lonelyCaptions: [], ignoredFiles: [] },
    entry,
    async *entries() {
      let index = 0;
      for (const table of tables) {
        for await (const { image, caption } of table.rows()) {
          yield { id: ids(index++), image, caption: caption === undefined ? undefined : { text: caption } };
        }
      }
    },
  };
}

/** Names row `index` of all files. */
function rowNames(tables: readonly ParquetFile[]): (index: number) => string {
  return (index) => {
    let row = index;
    const table = tables.find(({ length }) => row < length || (row -= length, false))!;
    return `${basename(table.path)}: row ${row}`;
  };
}

/** What the scratch folder holds: sample i's picture is bytes offsets[2i] to offsets[2i + 1], its caption goes on to offsets[2i + 2]. */
interface Copy {
  readonly path: string;
  readonly offsets: Float64Array;
}

async function unpack(
  tables: readonly ParquetFile[],
  { scratch, length }: { scratch: string; length: number },
): Promise<Copy> {
  const hash = createHash("sha256");
  for (const { path } of tables) {
    const { size, mtime } = await Deno.stat(path);
    hash.update(`${path}\n${size}\n${mtime?.getTime()}\n`);
  }
  await Deno.mkdir(scratch, { recursive: true });
  const name = `parquet-${hash.digest("hex").slice(0, 16)}`;
  const path = join(scratch, `${name}.bin`);
  const indexPath = join(scratch, `${name}.idx`);
  // The index is written last: where it is there, the copy is whole.
  const known = await Deno.readFile(indexPath).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  if (known?.length === 8 * (2 * length + 1)) return { path, offsets: new Float64Array(known.buffer) };
  const offsets = new Float64Array(2 * length + 1);
  await writeFileAtomic(path, partsOf(tables, offsets), { force: true });
  await writeFileAtomic(indexPath, new Uint8Array(offsets.buffer), { force: true });
  return { path, offsets };
}

/** Pictures and captions in turn; notes in `offsets` where each ends. */
async function* partsOf(tables: readonly ParquetFile[], offsets: Float64Array): AsyncGenerator<Uint8Array, void> {
  const encoder = new TextEncoder();
  let at = 0;
  for (const table of tables) {
    for await (const { image, caption = "" } of table.rows()) {
      for (const part of [image, encoder.encode(caption)]) {
        offsets[at + 1] = offsets[at]! + part.length;
        at++;
        yield part;
      }
    }
  }
}
