/**
 * Index of a tar archive: where each file's bytes lie. Nothing is unpacked, and names are never used as paths.
 *
 * Understands ustar with prefixes, GNU long names and sizes in base 256, and pax headers
 * ({@link https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html POSIX.1-2024, pax}). Written for access by offset:
 * tar libraries read archives as streams.
 * @module
 */
import { CheckpointError } from "../../errors.ts";

/** A regular file of an archive. */
export interface TarEntry {
  readonly name: string;
  /** Byte of the archive at which it begins. */
  readonly offset: number;
  readonly length: number;
}

const block = 512;

/** Longest extended header in bytes. */
const maxExtension = 2 ** 20;

/**
 * Walks an archive and yields its regular files.
 *
 * @throws {CheckpointError} naming the archive, where it is no tar, is compressed, damaged or truncated
 */
export function* readTarIndex(path: string): Generator<TarEntry, void> {
  using file = Deno.openSync(path);
  const { size } = file.statSync();
  const header = new Uint8Array(block);
  /** What extended headers say about the next file. */
  let extended: { name?: string; size?: number } = {};
  for (let at = 0; at < size;) {
    readAt(file, header, { at, path });
    if (header.every((byte) => byte === 0)) return;
    if (checksum(header) !== octal(header.subarray(148, 156))) throw damaged(path, { at, header });
    const type = String.fromCharCode(header[156]!);
    const isExtension = "LKxg".includes(type);
    const length = (isExtension ? undefined : extended.size) ?? number(header.subarray(124, 136));
    const start = at + block;
    const end = start + length;
    if (!Number.isSafeInteger(length) || length < 0 || end > size) {
      throw new CheckpointError(`${path}: the archive ends at byte ${size}, within its file at byte ${at}`);
    }
    if (isExtension) {
      if (length > maxExtension) throw new CheckpointError(`${path}: its header at byte ${at} is too long`);
      const text = new Uint8Array(length);
      readAt(file, text, { at: start, path });
      if (type === "L") extended = { ...extended, name: untilZero(text) };
      else if (type === "x") extended = { ...extended, ...paxFields(text) };
    } else {
      if (type === "0" || type === "\0") {
        yield { name: extended.name ?? nameOf(header), offset: start, length };
      }
      extended = {};
    }
    at = start + Math.ceil(length / block) * block;
  }
}

function readAt(file: Deno.FsFile, bytes: Uint8Array, { at, path }: { at: number; path: string }): void {
  file.seekSync(at, Deno.SeekMode.Start);
  for (let done = 0; done < bytes.length;) {
    const count = file.readSync(bytes.subarray(done));
    if (count === null) throw new CheckpointError(`${path}: the archive ends within its block at byte ${at}`);
    done += count;
  }
}

/** Sum of the header's bytes, its own checksum taken as spaces. */
function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

function octal(field: Uint8Array): number {
  const text = untilZero(field).trim();
  return /^[0-7]+$/.test(text) ? parseInt(text, 8) : NaN;
}

/** A size: octal digits, or GNU's base 256 where the first bit is set. */
function number(field: Uint8Array): number {
  if (field[0]! < 0x80) return octal(field);
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, field[0]! & 0x7f);
}

function nameOf(header: Uint8Array): string {
  const name = untilZero(header.subarray(0, 100));
  const isUstar = untilZero(header.subarray(257, 263)) === "ustar";
  const prefix = isUstar ? untilZero(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Name and size of a pax header: lines of length, space, key=value, line feed. */
function paxFields(bytes: Uint8Array): { name?: string; size?: number } {
  const fields: { name?: string; size?: number } = {};
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(decode(bytes.subarray(at, Math.max(at, space))));
    if (space < 0 || !(length > 0)) break;
    const [key, ...value] = decode(bytes.subarray(space + 1, at + length - 1)).split("=");
    if (key === "path") fields.name = value.join("=");
    else if (key === "size") fields.size = Number(value.join("="));
    at += length;
  }
  return fields;
}

function untilZero(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function damaged(path: string, { at, header }: { at: number; header: Uint8Array }): CheckpointError {
  const isCompressed = at === 0 &&
    (header[0] === 0x1f && header[1] === 0x8b || header[0] === 0x28 && header[1] === 0xb5);
  return new CheckpointError(
    isCompressed
      ? `${path}: the archive is compressed, which has no access in any order: unpack it to a plain .tar`
      : `${path}: no tar archive, or damaged: its header at byte ${at} has a wrong checksum`,
  );
}
