/**
 * PNG chunks: walking them safely, and the text that they carry (PNG third edition, sections 5 and 11.3.3).
 * @module
 */
import { inflateSync } from "node:zlib";
import { CheckpointError } from "../errors.ts";
import { concat } from "./concat.ts";
import { crc32 } from "./crc32.ts";
import { latin1Text } from "./latin1.ts";
import { maxTextBytes, pngChunk, pngSignature, pngTextChunk } from "./png_chunk.ts";

export { maxTextBytes, pngChunk, pngSignature };

/** One chunk of a PNG, whose checksum is right. */
export interface PngChunk {
  /** Four letters. */
  readonly type: string;
  /** A view into the file. */
  readonly data: Uint8Array;
}

/**
 * Walks the chunks of a PNG from IHDR to IEND; what follows IEND is ignored.
 *
 * @throws {CheckpointError} where the signature, a length or a checksum is wrong, IHDR is not first, or the file ends too early
 */
export function* readPngChunks(bytes: Uint8Array): Generator<PngChunk, void> {
  if (pngSignature.some((byte, at) => bytes[at] !== byte)) {
    throw new CheckpointError("Cannot read the PNG: it does not begin with the PNG signature");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = pngSignature.length, first = true;; first = false) {
    // A chunk is its length, its type, its data and its checksum.
    if (at + 12 > bytes.length) throw truncated(bytes, `its chunk at byte ${at} needs 12 bytes or more`);
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) throw truncated(bytes, `its chunk at byte ${at} needs ${length + 12} bytes`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!/^[A-Za-z]{4}$/.test(type)) {
      throw new CheckpointError(`Cannot read the PNG: its chunk at byte ${at} has no valid type`);
    }
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw new CheckpointError(`Cannot read the PNG: the checksum of its chunk ${type} at byte ${at} is wrong`);
    }
    if (first !== (type === "IHDR")) {
      throw new CheckpointError(`Cannot read the PNG: IHDR must be its first chunk and the only one of its kind`);
    }
    yield { type, data: bytes.subarray(at + 8, end - 4) };
    if (type === "IEND") return;
    at = end;
  }
}

/**
 * The text that a PNG holds under `keyword` in a tEXt, zTXt or iTXt chunk, the first where there are several.
 *
 * The whole file is walked, so that damage is found wherever it is.
 *
 * @returns undefined where no chunk has the keyword
 * @throws {CheckpointError} where the file is damaged or the text has more than {@linkcode maxTextBytes} bytes
 */
export function readPngText(bytes: Uint8Array, keyword: string): string | undefined {
  let found: string | undefined;
  for (const { type, data } of readPngChunks(bytes)) {
    if (found !== undefined || !(type in textReaders)) continue;
    const end = data.indexOf(0);
    if (end < 0 || latin1Text(data.subarray(0, end)) !== keyword) continue;
    found = textReaders[type as keyof typeof textReaders](data.subarray(end + 1), keyword);
  }
  return found;
}

/**
 * A copy of a PNG with these texts by keyword behind its header, in place of any that it had under the same keywords.
 *
 * A text becomes tEXt where Latin-1 holds it, else iTXt; both uncompressed. U+0000, which neither may hold, becomes U+FFFD.
 *
 * @throws {RangeError} where a keyword or a text is too long or the keyword is not made of printable Latin-1
 * @throws {CheckpointError} where the PNG is damaged
 */
export function insertPngText(bytes: Uint8Array, texts: Readonly<Record<string, string>>): Uint8Array {
  const added = Object.entries(texts).map(([keyword, text]) => pngTextChunk(keyword, text.replaceAll("\0", "\ufffd")));
  const parts: Uint8Array[] = [pngSignature];
  for (const { type, data } of readPngChunks(bytes)) {
    const keyword = type in textReaders ? latin1Text(data.subarray(0, Math.max(0, data.indexOf(0)))) : undefined;
    if (keyword === undefined || !Object.hasOwn(texts, keyword)) parts.push(pngChunk(type, data));
    if (type === "IHDR") parts.push(...added);
  }
  return concat(parts);
}

const textReaders = {
  tEXt: (data: Uint8Array, keyword: string) => latin1Text(limited(data, keyword)),
  zTXt: (data: Uint8Array, keyword: string) => latin1Text(inflated(data, keyword)),
  iTXt: internationalText,
};

/** Reads what follows the keyword of an iTXt chunk: compression flag and method, language, translated keyword, text. */
function internationalText(data: Uint8Array, keyword: string): string {
  const language = data.indexOf(0, 2);
  const translated = language < 0 ? -1 : data.indexOf(0, language + 1);
  const flag = data[0];
  if (translated < 0 || (flag !== 0 && flag !== 1)) throw unreadable(keyword, "is no valid iTXt chunk");
  const text = data.subarray(translated + 1);
  const utf8 = flag === 0 ? limited(text, keyword) : inflated(concat([data.subarray(1, 2), text]), keyword);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(utf8);
  } catch (cause) {
    throw unreadable(keyword, "is not UTF-8", { cause });
  }
}

/** Expands text behind its compression method, of which 0 (zlib) is the only one. */
function inflated(data: Uint8Array, keyword: string): Uint8Array {
  if (data[0] !== 0) throw unreadable(keyword, "has an unknown compression");
  try {
    return inflateSync(data.subarray(1), { maxOutputLength: maxTextBytes });
  } catch (cause) {
    if ((cause as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") throw tooLong(keyword);
    throw unreadable(keyword, "cannot be decompressed", { cause });
  }
}

function limited(data: Uint8Array, keyword: string): Uint8Array {
  if (data.length > maxTextBytes) throw tooLong(keyword);
  return data;
}

function truncated(bytes: Uint8Array, detail: string): CheckpointError {
  return new CheckpointError(`Cannot read the PNG: it ends after ${bytes.length} bytes, but ${detail}`);
}

function tooLong(keyword: string): CheckpointError {
  return unreadable(keyword, `has more than the ${maxTextBytes} bytes that are allowed`);
}

function unreadable(keyword: string, detail: string, options?: ErrorOptions): CheckpointError {
  return new CheckpointError(`Cannot read the PNG: its text "${keyword}" ${detail}`, options);
}
