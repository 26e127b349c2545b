/**
 * XMP in WebP: a chunk of its own, announced in the extended header (RFC 9649, section 2.7).
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { readWebpChunks, readWebpHeader, type WebpChunk, writeWebpChunks } from "./webp_chunks.ts";
import { buildXmp, parseXmp, type XmpValues } from "./xmp.ts";

const xmpFlag = 0x04;
const alphaFlag = 0x10;

/**
 * A copy of a WebP with these values as its only XMP.
 *
 * @throws {CheckpointError} where the WebP is damaged
 */
export function writeWebpXmp(bytes: Uint8Array, values: XmpValues): Uint8Array {
  const chunks = readWebpChunks(bytes);
  const header = extendedHeader(chunks);
  header[0]! |= xmpFlag;
  return writeWebpChunks([
    { type: "VP8X", data: header },
    ...chunks.filter(({ type }) => type !== "VP8X" && type !== "XMP "),
    { type: "XMP ", data: new TextEncoder().encode(buildXmp(values)) },
  ]);
}

/**
 * Reads our values out of the XMP of a WebP.
 *
 * @throws {CheckpointError} where the WebP or its XMP is damaged
 */
export function readWebpXmp(bytes: Uint8Array): XmpValues {
  const chunk = readWebpChunks(bytes).find(({ type }) => type === "XMP ");
  if (chunk === undefined) return {};
  let packet;
  try {
    packet = new TextDecoder("utf-8", { fatal: true }).decode(chunk.data);
  } catch (cause) {
    throw new CheckpointError("Cannot read the WebP: its XMP metadata is not UTF-8", { cause });
  }
  return parseXmp(packet);
}

/** A copy of the extended header, or a new one: flags, then both sides less one in 24 bits. */
function extendedHeader(chunks: readonly WebpChunk[]): Uint8Array {
  const { width, height, hasAlpha } = readWebpHeader(chunks);
  if (chunks[0]!.type === "VP8X") return chunks[0]!.data.slice();
  const header = new Uint8Array(10);
  const view = new DataView(header.buffer);
  header[0] = hasAlpha ? alphaFlag : 0;
  view.setUint16(4, width - 1, true);
  view.setUint16(7, height - 1, true);
  return header;
}
