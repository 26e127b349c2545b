/**
 * Which libraries a library of Linux asks for.
 * @module
 */
import { type System, thisSystem } from "./system.ts";

/** Reads a part of a file; less where it ends before. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

/** Reads a file of this system; nothing where it cannot be read. */
export function libraryReader(path: string, system: Pick<System, "read"> = thisSystem): ReadAt {
  return async (offset, length) => await system.read(path, { offset, length }) ?? new Uint8Array();
}

const magic = 0x7f454c46;
/** Kinds of entries of a dynamic section. */
const tag = { end: 0, needed: 1, strings: 5, stringBytes: 10 };
/** Kinds of segments. */
const segment = { load: 1, dynamic: 2 };

/**
 * The names in a shared library that the system's loader looks for (`DT_NEEDED`), such as `libcudnn.so.9`: 64-bit little-endian ELF files
 * (https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html, chapter 5). They may have gigabytes, of which little is read.
 *
 * @returns nothing where it is no such file
 */
export async function neededLibraries(read: ReadAt): Promise<string[]> {
  try {
    const header = new Words(await read(0, 64));
    if (header.view.getUint32(0) !== magic || header.view.getUint16(4) !== 0x0201) return [];
    const [size, count] = [header.view.getUint16(54, true), header.view.getUint16(56, true)];
    const table = new Words(await read(header.at(32), size * count));
    const segments = Array.from({ length: count }, (_, i) => i * size).map((at) => {
      const kind = table.view.getUint32(at, true);
      return { kind, offset: table.at(at + 8), address: table.at(at + 16), bytes: table.at(at + 32) };
    });
    const dynamic = segments.find(({ kind }) => kind === segment.dynamic);
    if (dynamic === undefined) return [];
    const entries = entriesOf(new Words(await read(dynamic.offset, dynamic.bytes)));
    const value = (wanted: number) => entries.find(({ kind }) => kind === wanted)?.value ?? -1;
    // An address is one of the loaded library: the segment that it lies in says where in the file that is.
    const address = value(tag.strings);
    const home = segments.find((each) => {
      return each.kind === segment.load && address >= each.address && address < each.address + each.bytes;
    });
    if (home === undefined) return [];
    const strings = await read(address - home.address + home.offset, value(tag.stringBytes));
    return entries.filter(({ kind }) => kind === tag.needed).map(({ value }) => {
      return new TextDecoder().decode(strings.subarray(value, strings.indexOf(0, value)));
    });
  } catch (error) {
    // What is cut short or points out of itself is no library.
    if (error instanceof RangeError) return [];
    throw error;
  }
}

/** Bytes as 64-bit numbers. */
class Words {
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The number that begins at a byte. */
  at(offset: number): number {
    return Number(this.view.getBigUint64(offset, true));
  }
}

function entriesOf(words: Words): { kind: number; value: number }[] {
  const entries: { kind: number; value: number }[] = [];
  for (let at = 0; at < words.view.byteLength && words.at(at) !== tag.end; at += 16) {
    entries.push({ kind: words.at(at), value: words.at(at + 8) });
  }
  return entries;
}
