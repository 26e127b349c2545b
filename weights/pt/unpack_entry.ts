/**
 * Reads the content of a zip file's entry, which may be larger than memory.
 * @module
 */
import { crc32 } from "node:zlib";
import { CheckpointError } from "../../errors.ts";
import type { FixedFile } from "../fixed_file.ts";
import { quote } from "../quote.ts";
import type { ZipEntry } from "./zip_directory.ts";

/** Bytes that are read at once. */
const pieceBytes = 1 << 20;

/**
 * The content of an entry, piece by piece. No more comes than the directory says, whatever is packed.
 *
 * @param options.name of the entry, for errors
 * @throws {CheckpointError} where it is not what the directory says
 */
export async function* unpackEntry(
  file: FixedFile,
  entry: ZipEntry,
  { name, signal }: { name: string; signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  const wrong = () =>
    new CheckpointError(`${file.path}: entry ${quote(name)} is not what its directory says: get it again`);
  const packed = ReadableStream.from(piecesOf(file, entry));
  const pieces = entry.isDeflated ? packed.pipeThrough(new DecompressionStream("deflate-raw")) : packed;
  let [size, crc] = [0, 0];
  try {
    for await (const piece of pieces) {
      signal?.throwIfAborted();
      size += piece.byteLength;
      if (size > entry.size) break;
      crc = crc32(piece, crc);
      yield piece;
    }
  } catch (error) {
    // What the decompressor says of damaged bytes.
    if (error instanceof TypeError) throw wrong();
    throw error;
  }
  if (size !== entry.size || crc !== entry.crc) throw wrong();
}

async function* piecesOf(file: FixedFile, { start, end }: ZipEntry): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = start; at < end; at += pieceBytes) yield await file.read(at, Math.min(pieceBytes, end - at));
}
