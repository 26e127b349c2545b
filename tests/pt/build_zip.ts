/**
 * Builds zip files, right or wrong, for tests of their reader.
 * @module
 */
import { crc32, deflateRawSync } from "node:zlib";

/** One entry, and lies about it. */
export interface Entry {
  readonly name: string;
  readonly data: Uint8Array;
  /** Fields of the directory that differ from the truth. */
  readonly directory?: Partial<Fields>;
  /** Fields of the local header that do. */
  readonly local?: Partial<Fields>;
  /** Sizes and offset in the 64-bit field, as files beyond 4 GB have them. */
  readonly wide?: boolean;
  /** Compresses it. */
  readonly deflated?: boolean;
}

interface Fields {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/** Lies about the end of the file. */
export interface EndFields {
  readonly count?: number;
  readonly size?: number;
  readonly start?: number;
  readonly disk?: number;
  readonly comment?: number;
  /** Writes the 64-bit records, and `0xff…` into the short one. */
  readonly wide?: boolean;
}

function record(parts: readonly (readonly [width: 2 | 4 | 8, value: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(parts.reduce((sum, [width]) => sum + width, 0)));
  let at = 0;
  for (const [width, value] of parts) {
    if (width === 2) view.setUint16(at, value, true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  return new Uint8Array(view.buffer);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const long = 0xffffffff;

/** The bytes of a zip file. */
export function buildZip(entries: readonly Entry[], end: EndFields = {}): Uint8Array<ArrayBuffer> {
  const body: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, data: content, directory: lies = {}, local = {}, wide = false, deflated = false } of entries) {
    const crc = crc32(content);
    const data = deflated ? new Uint8Array(deflateRawSync(content)) : content;
    const method = deflated ? 8 : 0;
    const truth: Fields = { name, flags: 0, method, packed: data.length, size: content.length, offset: at };
    const own = { ...truth, ...local };
    const head = record([
      ...[[4, 0x04034b50], [2, 20], [2, own.flags], [2, own.method], [4, 0], [4, crc]] as const,
      ...[[4, wide ? long : own.packed], [4, wide ? long : own.size], [2, utf8(own.name).length], [2, 0]] as const,
    ]);
    const parts = [head, utf8(own.name), data];
    const told = { ...truth, ...lies };
    const extra = wide ? record([[2, 1], [2, 24], [8, told.size], [8, told.packed], [8, told.offset]]) : record([]);
    directory.push(
      record([
        ...[[4, 0x02014b50], [2, 20], [2, 20], [2, told.flags], [2, told.method], [4, 0], [4, crc]] as const,
        ...[[4, wide ? long : told.packed], [4, wide ? long : told.size]] as const,
        ...[[2, utf8(told.name).length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0]] as const,
        [4, wide ? long : told.offset] as const,
      ]),
      utf8(told.name),
      extra,
    );
    body.push(...parts);
    at += parts.reduce((sum, part) => sum + part.length, 0);
  }
  const listed = join(directory);
  const { count = entries.length, size = listed.length, start = at, disk = 0, comment = 0, wide = false } = end;
  const wideEnd = record([
    ...[[4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, disk], [4, 0], [8, count], [8, count], [8, size]] as const,
    ...[[8, start], [4, 0x07064b50], [4, 0], [8, at + listed.length], [4, 1]] as const,
  ]);
  const short = wide
    ? record([[4, 0x06054b50], [4, 0], [2, 0xffff], [2, 0xffff], [4, long], [4, long], [2, comment]])
    : record([[4, 0x06054b50], [2, disk], [2, 0], [2, count], [2, count], [4, size], [4, start], [2, comment]]);
  return join([...body, listed, ...(wide ? [wideEnd] : []), short, new Uint8Array(comment)]);
}
