/**
 * PNG encoder: 8 or 16 bits, lossless, in the colour type that the channels ask for.
 *
 * It is our own because imagescript writes every picture as RGBA, takes 90 ms to load (a native addon for its other formats
 * comes with it) and 30 ms for 128×128. This one needs only node:zlib, and writes three channels for three.
 * @module
 */
import { deflateSync } from "node:zlib";
import { concat } from "./concat.ts";
import type { PngSamples } from "./pixels.ts";
import { pngChunk, pngSignature } from "./png_chunk.ts";
import { filteredRows, pngHeader } from "./png_rows.ts";

/** Options of {@linkcode encodePng}. */
export interface EncodePngOptions {
  /** Effort of the compression, 0 to 9. Default 6. */
  level?: number;
}

/**
 * Encodes a picture as a PNG: grey or RGB, with or without alpha, each row with the filter whose residuals are smallest (PNG 1.2,
 * section 9.6).
 *
 * @param pixels samples of 16 bits become a PNG of 16 bits
 * @throws {RangeError} where sizes and data do not fit together
 */
export function encodePng(pixels: PngSamples, { level = 6 }: EncodePngOptions = {}): Uint8Array {
  return concat([
    pngSignature,
    pngChunk("IHDR", pngHeader(pixels)),
    pngChunk("IDAT", deflateSync(filteredRows(pixels), { level })),
    pngChunk("IEND", new Uint8Array()),
  ]);
}
