/**
 * The table of contents of a zip file (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, §4.3).
 *
 * Nothing is unpacked, so there is nothing to blow up: an encrypted entry, one that reaches over another or out of the file, and a local
 * header that contradicts the directory are errors. Compressed entries are too, unless they are asked for: `torch.save` stores as it is.
 * @module
 */
import { CheckpointError } from "../../errors.ts";
import type { FixedFile } from "../fixed_file.ts";
import { quote } from "../quote.ts";

/** Where the bytes of an entry lie in the file. */
export interface ZipEntry {
  readonly start: number;
  readonly end: number;
  /** CRC-32 of the content, as the directory says. */
  readonly crc: number;
  /** Bytes of the content, which are those in the file unless it is compressed. */
  readonly size: number;
  /** Compressed by DEFLATE (RFC 1951). */
  readonly isDeflated: boolean;
}

interface Listed {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly offset: number;
  readonly size: number;
  /** Bytes in the file. */
  readonly packed: number;
  readonly crc: number;
  readonly flags: number;
  readonly method: number;
}

/** How bytes of an entry became those in the file (§4.4.5). */
const methods = { stored: 0, deflated: 8 };

const signatures = {
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
  central: 0x02014b50,
  local: 0x04034b50,
};

/** More of either than any checkpoint has. */
const maxDirectoryBytes = 1 << 26;
const maxEntries = 200_000;

/** Stands for "see the 64-bit field". */
const saturated = { short: 0xffff, long: 0xffffffff };

/**
 * Reads which entries a zip file has and where their bytes are.
 *
 * @param options.deflated entries may be compressed
 * @throws {CheckpointError} where the file is no zip of such entries, or contradicts itself
 */
export async function readZipDirectory(
  file: FixedFile,
  { deflated = false }: { deflated?: boolean } = {},
): Promise<Map<string, ZipEntry>> {
  const { start, size, count } = await findDirectory(file);
  const listed = parseDirectory(await file.read(start, size), { file, count, deflated });
  const entries = new Map<string, ZipEntry>();
  let free = 0;
  for (const entry of listed.sort((a, b) => a.offset - b.offset)) {
    if (entry.offset < free) throw damaged(file, `entry ${quote(entry.name)} overlaps the one before`);
    if (entry.offset + 30 > start) throw damaged(file, `entry ${quote(entry.name)} begins behind the entries`);
    const begin = await dataStart(file, entry);
    const end = begin + entry.packed;
    if (end > start) throw damaged(file, `entry ${quote(entry.name)} reaches out of the file`);
    if (entries.has(entry.name)) throw damaged(file, `entry ${quote(entry.name)} is there twice`);
    entries.set(entry.name, {
      start: begin,
      end,
      crc: entry.crc,
      size: entry.size,
      isDeflated: entry.method === methods.deflated,
    });
    free = end;
  }
  return entries;
}

/** Finds the directory by the record at the end of the file, which a comment of up to 65,535 bytes may follow. */
async function findDirectory(file: FixedFile): Promise<{ start: number; size: number; count: number }> {
  const tail = Math.min(file.size, 22 + 0xffff);
  const bytes = await file.read(file.size - tail, tail);
  const view = viewOf(bytes);
  for (let at = tail - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== signatures.end || at + 22 + view.getUint16(at + 20, true) !== tail) continue;
    const end = file.size - tail + at;
    const short = {
      disks: view.getUint32(at + 4, true),
      own: view.getUint16(at + 8, true),
      count: view.getUint16(at + 10, true),
      size: view.getUint32(at + 12, true),
      start: view.getUint32(at + 16, true),
    };
    const is64 = short.count === saturated.short || short.size === saturated.long || short.start === saturated.long;
    if (!is64 && (short.disks !== 0 || short.own !== short.count)) {
      throw damaged(file, "it is one of several volumes");
    }
    const found = is64 ? await readEnd64(file, end) : { ...short, end };
    const { start, size, count } = found;
    if (size > maxDirectoryBytes || count > maxEntries) {
      throw damaged(file, `a directory of ${count} entries in ${size} bytes is more than any checkpoint has`);
    }
    if (start + size !== await directoryEnd(file, found.end)) {
      throw damaged(file, `its directory is not where the end of the file says`);
    }
    return { start, size, count };
  }
  throw new CheckpointError(`${file.path}: the file is cut, expected a zip's directory at its end; get it again`);
}

/** Where the directory has to end: right before its 64-bit record if there is one, else before the short one. */
async function directoryEnd(file: FixedFile, end: number): Promise<number> {
  if (end < 20) return end;
  const locator = viewOf(await file.read(end - 20, 20));
  if (locator.getUint32(0, true) !== signatures.locator64) return end;
  return number(locator, 8, file);
}

async function readEnd64(file: FixedFile, end: number) {
  if (end < 76) throw damaged(file, "its 64-bit directory record is missing");
  const locator = viewOf(await file.read(end - 20, 20));
  if (locator.getUint32(0, true) !== signatures.locator64) {
    throw damaged(file, "its 64-bit directory record is missing");
  }
  const at = number(locator, 8, file);
  if (at + 56 > end - 20) throw damaged(file, "its 64-bit directory record is not where the end of the file says");
  const view = viewOf(await file.read(at, 56));
  if (view.getUint32(0, true) !== signatures.end64) throw damaged(file, "its 64-bit directory record is missing");
  const count = number(view, 32, file);
  if (view.getUint32(16, true) !== 0 || view.getUint32(20, true) !== 0 || number(view, 24, file) !== count) {
    throw damaged(file, "it is one of several volumes");
  }
  return { count, size: number(view, 40, file), start: number(view, 48, file), end };
}

function parseDirectory(
  bytes: Uint8Array,
  { file, count, deflated }: { file: FixedFile; count: number; deflated: boolean },
): Listed[] {
  const view = viewOf(bytes);
  const listed: Listed[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== signatures.central) {
      throw damaged(file, `entry ${listed.length} of its directory is none`);
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    const nameEnd = at + 46 + nameLength;
    const next = nameEnd + extraLength + commentLength;
    if (next > bytes.length) throw damaged(file, `entry ${listed.length} of its directory is cut`);
    const nameBytes = bytes.subarray(at + 46, nameEnd);
    const name = decodeName(nameBytes, file);
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    if ((flags & 1) !== 0) throw damaged(file, `entry ${quote(name)} is encrypted`);
    if (method === methods.deflated ? !deflated : method !== methods.stored) {
      throw damaged(
        file,
        `entry ${quote(name)} is compressed${deflated ? " in a way that is not known" : ", as torch.save never does"}`,
      );
    }
    const extra = bytes.subarray(nameEnd, nameEnd + extraLength);
    const { size, packed, offset } = sizesOf(view, { at, extra, file, name });
    if (method === methods.stored && size !== packed) {
      throw damaged(file, `entry ${quote(name)} is stored in ${packed} bytes but has ${size}`);
    }
    listed.push({ name, nameBytes, offset, size, packed, crc: view.getUint32(at + 16, true), flags, method });
    at = next;
  }
  if (listed.length !== count) throw damaged(file, `expected ${count} entries but found ${listed.length}`);
  return listed;
}

/** Sizes and place of an entry, out of its 64-bit field where the short ones say so. */
function sizesOf(
  view: DataView,
  { at, extra, file, name }: { at: number; extra: Uint8Array; file: FixedFile; name: string },
): { size: number; packed: number; offset: number } {
  const short = { size: 24, packed: 20, offset: 42 } as const;
  const wide = field(extra, 1);
  let used = 0;
  const read = (key: keyof typeof short) => {
    const value = view.getUint32(at + short[key], true);
    if (value !== saturated.long) return value;
    if (wide === undefined || wide.length < used + 8) {
      throw damaged(file, `entry ${quote(name)} lacks its 64-bit sizes`);
    }
    used += 8;
    return number(viewOf(wide), used - 8, file);
  };
  // In the order in which they stand in the 64-bit field.
  const size = read("size");
  const packed = read("packed");
  return { size, packed, offset: read("offset") };
}

/** One field of an entry's extra bytes: 2 bytes of id, 2 of length, then the data. */
function field(extra: Uint8Array, id: number): Uint8Array | undefined {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length;) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === id) return extra.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return undefined;
}

/** Reads an entry's local header, whose name and padding come before the bytes. */
async function dataStart(
  file: FixedFile,
  { name, nameBytes, offset, size, packed, flags, method }: Listed,
): Promise<number> {
  const header = await file.read(offset, Math.min(30 + nameBytes.length, file.size - offset));
  const view = viewOf(header);
  const wrong = (what: string) => damaged(file, `the header of entry ${quote(name)} ${what}`);
  if (header.length < 30 || view.getUint32(0, true) !== signatures.local) throw wrong("is none");
  const own = header.subarray(30, 30 + view.getUint16(26, true));
  if (view.getUint16(26, true) !== nameBytes.length || own.some((byte, i) => byte !== nameBytes[i])) {
    throw wrong("has another name than the directory");
  }
  if (view.getUint16(8, true) !== method || (view.getUint16(6, true) & 1) !== 0) {
    throw wrong(method === methods.stored ? "says that it is compressed" : "says that it is packed otherwise");
  }
  const described = (flags & 8) !== 0;
  for (const [at, expected] of [[18, packed], [22, size]] as const) {
    const said = view.getUint32(at, true);
    if (said !== expected && said !== saturated.long && !(described && said === 0)) throw wrong("has another size");
  }
  return offset + 30 + nameBytes.length + view.getUint16(28, true);
}

function decodeName(bytes: Uint8Array, file: FixedFile): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw damaged(file, "the name of an entry is not UTF-8");
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A 64-bit number, which has to be exact. */
function number(view: DataView, at: number, file: FixedFile): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw damaged(file, `a size or offset of ${value} is beyond any file`);
  return value;
}

function damaged(file: FixedFile, problem: string): CheckpointError {
  return new CheckpointError(`${file.path}: not a valid .pt file, ${problem}`);
}
