/**
 * A part of a file: what an index holds in place of the data.
 * @module
 */
import { CheckpointError } from "../../errors.ts";

/** Bytes of a file, all of them unless told. */
export interface ByteRange {
  readonly path: string;
  /** Default 0. */
  readonly offset?: number;
  /** Default to the end of the file. */
  readonly length?: number;
}

/** Largest picture file in bytes that is read: 256 MiB. */
export const maxFileBytes = 2 ** 28;

/**
 * Reads a part of a file.
 *
 * @param options.maxBytes length beyond which nothing is read; {@linkcode maxFileBytes} unless told
 * @throws {CheckpointError} where the file is missing, ends too early, or the part is too long
 * @throws {Deno.errors.PermissionDenied | Deno.errors.NotCapable} where it may not be read
 */
export async function readRange(
  { path, offset = 0, length }: ByteRange,
  { maxBytes = maxFileBytes }: { maxBytes?: number } = {},
): Promise<Uint8Array> {
  using file = await Deno.open(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory)) throw cause;
    throw new CheckpointError("the file is missing", { cause });
  });
  const { size, isFile } = await file.stat();
  if (!isFile) throw new CheckpointError("it is no regular file");
  const wanted = length ?? size - offset;
  if (wanted > maxBytes) {
    throw new CheckpointError(`it has ${megabytes(wanted)}, more than the ${megabytes(maxBytes)} that are read`);
  }
  if (offset + wanted > size) throw new CheckpointError(`its file ends at byte ${size} of ${offset + wanted}`);
  if (offset > 0) await file.seek(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(wanted);
  for (let at = 0; at < wanted;) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) throw new CheckpointError(`its file was cut at byte ${offset + at} while it was read`);
    at += count;
  }
  return bytes;
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
