/**
 * Writes and reads plain tar archives (POSIX ustar) in which every content begins at a multiple of 512 bytes.
 * @module
 */
import { CheckpointError } from "../errors.ts";

/** Bytes of a header, and what contents are padded to. */
export const tarBlock = 512;

/** A file of an archive. */
export interface TarEntry {
  readonly name: string;
  readonly size: number;
  /** Byte of the archive at which its content begins. */
  readonly start: number;
}

/**
 * The header of a file of at most 8 GiB − 1; beyond that the size is written in base 256, as GNU tar does.
 *
 * @param name of at most 100 bytes
 */
export function tarHeader(name: string, size: number): Uint8Array {
  const header = new Uint8Array(tarBlock);
  const encoder = new TextEncoder();
  const put = (text: string, at: number) => header.set(encoder.encode(text), at);
  if (encoder.encode(name).byteLength > 100) {
    throw new RangeError(`Expected a name of at most 100 bytes but found ${name}`);
  }
  put(name, 0);
  put("0000644\0", 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  if (size < 8 ** 11) put(`${size.toString(8).padStart(11, "0")}\0`, 124);
  else {
    header[124] = 0x80;
    new DataView(header.buffer).setBigUint64(128, BigInt(size));
  }
  // No time: the same contents make the same archive.
  put("00000000000\0", 136);
  put("0", 156);
  put("ustar\x0000", 257);
  put("        ", 148);
  put(`${checksum(header).toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/** Bytes of zeros behind a content. */
export function tarPadding(size: number): number {
  return (tarBlock - size % tarBlock) % tarBlock;
}

/** What an archive ends with. */
export const tarEnd: Uint8Array = new Uint8Array(2 * tarBlock);

function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

/**
 * Reads the headers of an archive, one after the other; contents are passed over.
 *
 * @throws {CheckpointError} where it is no such archive, is cut, or holds anything but regular files
 */
export async function* readTar(file: Deno.FsFile, { path }: { path: string }): AsyncGenerator<TarEntry> {
  const { size: total } = await file.stat();
  for (let at = 0; at + tarBlock <= total;) {
    await file.seek(at, Deno.SeekMode.Start);
    const header = new Uint8Array(tarBlock);
    for (let got = 0; got < tarBlock;) {
      const count = await file.read(header.subarray(got));
      if (count === null) throw cut(path);
      got += count;
    }
    if (header.every((byte) => byte === 0)) return;
    const { name, size } = parseHeader(header, path);
    const start = at + tarBlock;
    if (start + size > total) throw cut(path);
    yield { name, size, start };
    at = start + size + tarPadding(size);
  }
  throw cut(path);
}

function cut(path: string): CheckpointError {
  return new CheckpointError(`${path}: the file is cut: get it again`);
}

function parseHeader(header: Uint8Array, path: string): { name: string; size: number } {
  const text = (from: number, length: number) =>
    new TextDecoder().decode(header.subarray(from, from + length)).replace(/\0[\s\S]*$/, "").trim();
  const isRegular = header[156] === 0x30 || header[156] === 0;
  if (text(257, 5) !== "ustar" || parseInt(text(148, 8), 8) !== checksum(header) || !isRegular) {
    throw new CheckpointError(`${path}: Expected a bundle of wuerstchen: make one with wuerstchen bundle`);
  }
  const large = new DataView(header.buffer).getBigUint64(128);
  const size = header[124] === 0x80 ? Number(large) : parseInt(text(124, 12), 8);
  if (!Number.isSafeInteger(size) || size < 0) throw cut(path);
  return { name: text(0, 100), size };
}
