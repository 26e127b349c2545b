/**
 * Which kind of picture a file is, and its size, without decoding it.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { isFrame, markers, readJpegSegments } from "./jpeg_segments.ts";
import { maxPixels } from "./pixels.ts";
import { readPngChunks } from "./png_chunks.ts";
import { readPngHeader } from "./png_decode.ts";
import { readWebpChunks, readWebpHeader } from "./webp_chunks.ts";

/** A file format of pictures. */
export type ImageFormat = "png" | "jpg" | "webp";

/** File formats of pictures. */
export const imageFormats = ["png", "jpg", "webp"] as const satisfies readonly ImageFormat[];

/** What the header of a picture says. */
export interface ImageHeader {
  readonly format: ImageFormat;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** A progressive JPEG has about ten scans; thousands over a large picture are an attack on the decoder's time. */
const maxScans = 100;

/**
 * Recognises a picture by its first bytes and walks its structure to the end, so that a truncated file is found.
 *
 * @throws {CheckpointError} where it is no PNG, JPEG or WebP, is damaged, or has more than {@linkcode maxPixels} pixels
 */
export function readImageHeader(bytes: Uint8Array): ImageHeader {
  const format = imageFormat(bytes);
  const { width, height } = sizeReaders[format](bytes);
  if (width < 1 || height < 1 || width * height > maxPixels) {
    throw new CheckpointError(
      `Cannot read the picture: expected 1 to ${maxPixels} pixels but found ${width}x${height}`,
    );
  }
  return { format, width, height };
}

/** Recognises a picture by its first bytes alone. */
function imageFormat(bytes: Uint8Array): ImageFormat {
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return "png";
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return "jpg";
  if (bytes[0] === 0x52 && bytes[1] === 0x49) return "webp";
  throw new CheckpointError(
    bytes.length === 0 ? "Cannot read the picture: it is empty" : "Cannot read the picture: it is no PNG, JPEG or WebP",
  );
}

const sizeReaders: Record<ImageFormat, (bytes: Uint8Array) => { width: number; height: number }> = {
  png(bytes) {
    let header;
    for (const { type, data } of readPngChunks(bytes)) if (type === "IHDR") header = readPngHeader(data);
    return header!;
  },
  jpg(bytes) {
    let size;
    let scans = 0;
    for (const { marker, data } of readJpegSegments(bytes)) {
      if (marker === markers.startOfScan && ++scans > maxScans) throw damagedJpeg(`it has more than ${maxScans} scans`);
      if (!isFrame(marker)) continue;
      // A second frame could be larger than the one that was checked.
      if (size !== undefined || data.length < 6) throw damagedJpeg("it has no single valid frame");
      size = { width: data[3]! << 8 | data[4]!, height: data[1]! << 8 | data[2]! };
    }
    if (size === undefined || scans === 0) throw damagedJpeg("it has no picture");
    return size;
  },
  webp: (bytes) => readWebpHeader(readWebpChunks(bytes)),
};

function damagedJpeg(detail: string): CheckpointError {
  return new CheckpointError(`Cannot read the JPEG: ${detail}`);
}
