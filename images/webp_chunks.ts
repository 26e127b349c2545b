/**
 * WebP chunks: walking them safely, and the size in their headers (RFC 9649).
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { concat } from "./concat.ts";

/** One chunk of a WebP. */
export interface WebpChunk {
  /** Four characters: `VP8 `, `VP8L`, `VP8X`, `XMP ` … */
  readonly type: string;
  /** A view into the file, without the padding. */
  readonly data: Uint8Array;
}

/** What the headers of a WebP say. */
export interface WebpHeader {
  readonly width: number;
  readonly height: number;
  readonly hasAlpha: boolean;
}

/**
 * Reads all chunks of a WebP; what follows the RIFF container is ignored.
 *
 * @throws {CheckpointError} where the signature or a length is wrong or the file ends too early
 */
export function readWebpChunks(bytes: Uint8Array): WebpChunk[] {
  if (fourCharacters(bytes, 0) !== "RIFF" || fourCharacters(bytes, 8) !== "WEBP") {
    throw new CheckpointError("Cannot read the WebP: it does not begin with the WebP signature");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 8 + view.getUint32(4, true);
  if (end > bytes.length) throw truncated(bytes, `its container has ${end}`);
  const chunks: WebpChunk[] = [];
  for (let at = 12; at < end;) {
    if (at + 8 > end) throw truncated(bytes, `its chunk at byte ${at} has no room`);
    const length = view.getUint32(at + 4, true);
    if (at + 8 + length > end) throw truncated(bytes, `its chunk at byte ${at} needs ${length + 8}`);
    chunks.push({ type: fourCharacters(bytes, at)!, data: bytes.subarray(at + 8, at + 8 + length) });
    at += 8 + length + (length & 1);
  }
  return chunks;
}

/** The bytes of a WebP with these chunks. */
export function writeWebpChunks(chunks: readonly WebpChunk[]): Uint8Array {
  const out = concat([
    new Uint8Array(12),
    ...chunks.flatMap(({ type, data }) => {
      const header = new Uint8Array(8);
      header.set(new TextEncoder().encode(type));
      new DataView(header.buffer).setUint32(4, data.length, true);
      return [header, data, new Uint8Array(data.length & 1)];
    }),
  ]);
  out.set(new TextEncoder().encode("RIFF"));
  new DataView(out.buffer).setUint32(4, out.length - 8, true);
  out.set(new TextEncoder().encode("WEBP"), 8);
  return out;
}

/**
 * Reads the size of a WebP out of its first chunk, be it lossy, lossless or extended.
 *
 * @throws {CheckpointError} where there is none or it is no still picture's
 */
export function readWebpHeader(chunks: readonly WebpChunk[]): WebpHeader {
  const [{ type, data } = { type: "nothing", data: new Uint8Array() }] = chunks;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (type === "VP8 " && data.length >= 10 && data[3] === 0x9d && data[4] === 0x01 && data[5] === 0x2a) {
    const [width, height] = [view.getUint16(6, true) & 0x3fff, view.getUint16(8, true) & 0x3fff];
    return { width, height, hasAlpha: false };
  }
  if (type === "VP8L" && data.length >= 5 && data[0] === 0x2f) {
    const bits = view.getUint32(1, true);
    return { width: (bits & 0x3fff) + 1, height: (bits >>> 14 & 0x3fff) + 1, hasAlpha: (bits >>> 28 & 1) === 1 };
  }
  if (type === "VP8X" && data.length >= 10) {
    const width = (view.getUint32(4, true) & 0xffffff) + 1;
    const height = (view.getUint32(6, true) >>> 8) + 1;
    return { width, height, hasAlpha: (data[0]! & 0x10) !== 0 };
  }
  throw new CheckpointError(`Cannot read the WebP: expected a picture in its first chunk but found "${type}"`);
}

function fourCharacters(bytes: Uint8Array, at: number): string | undefined {
  return at + 4 <= bytes.length ? String.fromCharCode(...bytes.subarray(at, at + 4)) : undefined;
}

function truncated(bytes: Uint8Array, detail: string): CheckpointError {
  return new CheckpointError(`Cannot read the WebP: it ends after ${bytes.length} bytes, but ${detail}`);
}
