/**
 * PNG encoder for browsers and wherever else there are the web's streams alone: what `png_encode.ts` writes, compressed by them.
 * @module
 */
import { concat } from "./concat.ts";
import type { Pixels } from "./pixels.ts";
import { pngChunk, pngSignature, pngTextChunk } from "./png_chunk.ts";
import { filteredRows, pngHeader } from "./png_rows.ts";

/**
 * Encodes a picture as a PNG of 8 bits, with texts by keyword behind its header.
 *
 * @throws {RangeError} where sizes and data do not fit together, or a text is too long
 */
export async function compressPng(
  pixels: Pixels,
  { texts = {} }: { texts?: Readonly<Record<string, string>> } = {},
): Promise<Uint8Array> {
  const header = pngHeader(pixels);
  // The name is misleading: it is zlib's format, as PNG has it, and not bare deflate.
  const compressed = new Blob([filteredRows(pixels)]).stream().pipeThrough(new CompressionStream("deflate"));
  return concat([
    pngSignature,
    pngChunk("IHDR", header),
    ...Object.entries(texts).map(([keyword, text]) => pngTextChunk(keyword, text)),
    pngChunk("IDAT", new Uint8Array(await new Response(compressed).arrayBuffer())),
    pngChunk("IEND", new Uint8Array()),
  ]);
}
