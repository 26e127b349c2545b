/**
 * Writes PNG chunks (PNG third edition, sections 5 and 11.3.3); no module of a platform is needed for it.
 * @module
 */
import { concat } from "./concat.ts";
import { crc32 } from "./crc32.ts";
import { latin1Bytes } from "./latin1.ts";

/** The eight bytes that every PNG begins with. */
export const pngSignature: Uint8Array = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Longest text in bytes, compressed or not, that is read or written: it bounds the memory that a hostile file can ask for. */
export const maxTextBytes = 16 * 2 ** 20;

/** The bytes of one chunk: length, type, data, checksum. */
export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + 12);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(latin1Bytes(type), 4);
  out.set(data, 8);
  view.setUint32(data.length + 8, crc32(out.subarray(4, data.length + 8)));
  return out;
}

/**
 * The chunk of a text under a keyword: tEXt where Latin-1 holds it, else iTXt; uncompressed.
 *
 * @throws {RangeError} where keyword or text is too long, or the keyword is not made of printable Latin-1
 */
export function pngTextChunk(keyword: string, text: string): Uint8Array {
  if (!/^[\x21-\x7e\xa1-\xff](?:[\x20-\x7e\xa1-\xff]{0,77}[\x21-\x7e\xa1-\xff])?$/.test(keyword)) {
    throw new RangeError(`Expected a PNG keyword of 1 to 79 printable Latin-1 characters but found "${keyword}"`);
  }
  // Of the controls, Latin-1 text in a PNG has only the line feed.
  const isLatin1 = /^[\n\x20-\x7e\xa0-\xff]*$/.test(text);
  const data = isLatin1 ? latin1Bytes(text) : new TextEncoder().encode(text);
  if (data.length > maxTextBytes) {
    throw new RangeError(
      `Expected a text of at most ${maxTextBytes} bytes but found ${data.length} for "${keyword}"`,
    );
  }
  const name = latin1Bytes(keyword);
  // iTXt: no compression, no language, no translated keyword.
  return isLatin1
    ? pngChunk("tEXt", concat([name, new Uint8Array(1), data]))
    : pngChunk("iTXt", concat([name, new Uint8Array(5), data]));
}
