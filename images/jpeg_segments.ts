/**
 * JPEG marker segments: walking them safely (ITU-T T.81, annex B).
 * @module
 */
import { CheckpointError } from "../errors.ts";

/** One marker of a JPEG with what belongs to it. */
export interface JpegSegment {
  /** Second byte of the marker: 0xe1 for APP1. */
  readonly marker: number;
  /** What follows marker and length; a view into the file. */
  readonly data: Uint8Array;
  /** The whole segment, for a scan (SOS) with its compressed data; a view into the file. */
  readonly bytes: Uint8Array;
}

/** Second bytes of the markers that matter here. */
export const markers = {
  startOfImage: 0xd8,
  endOfImage: 0xd9,
  startOfScan: 0xda,
  /** JFIF. */
  app0: 0xe0,
  /** EXIF or XMP. */
  app1: 0xe1,
} as const;

/** A segment's length counts its own two bytes. */
export const maxSegmentBytes = 0xffff - 2;

/**
 * Walks the segments of a JPEG from SOI to EOI; what follows EOI is ignored.
 *
 * @throws {CheckpointError} where a marker or a length is wrong or the file ends too early
 */
export function* readJpegSegments(bytes: Uint8Array): Generator<JpegSegment, void> {
  if (bytes[0] !== 0xff || bytes[1] !== markers.startOfImage) {
    throw new CheckpointError("Cannot read the JPEG: it does not begin with the JPEG signature");
  }
  yield { marker: markers.startOfImage, data: bytes.subarray(2, 2), bytes: bytes.subarray(0, 2) };
  for (let at = 2;;) {
    const start = at;
    if (at < bytes.length && bytes[at] !== 0xff) {
      throw new CheckpointError(`Cannot read the JPEG: expected a marker at byte ${at} but found ${bytes[at]}`);
    }
    // A marker may be padded with any number of 0xff.
    while (bytes[at] === 0xff) at++;
    const marker = bytes[at++];
    if (marker === undefined) throw truncated(bytes);
    if (marker === markers.endOfImage) {
      yield { marker, data: bytes.subarray(at, at), bytes: bytes.subarray(start, at) };
      return;
    }
    if (at + 2 > bytes.length) throw truncated(bytes);
    const length = bytes[at]! << 8 | bytes[at + 1]!;
    if (
      marker === 0 || marker === markers.startOfImage || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7) ||
      length < 2
    ) {
      throw new CheckpointError(`Cannot read the JPEG: it has no valid segment at byte ${start}`);
    }
    let end = at + length;
    if (end > bytes.length) throw truncated(bytes);
    const data = bytes.subarray(at + 2, end);
    if (marker === markers.startOfScan) end = endOfScan(bytes, end);
    yield { marker, data, bytes: bytes.subarray(start, end) };
    at = end;
  }
}

/** Where the compressed data ends: at the first marker that is neither a stuffed byte (0xff00) nor a restart. */
function endOfScan(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next !== 0 && next !== 0xff && !(next !== undefined && next >= 0xd0 && next <= 0xd7)) {
      if (next === undefined) break;
      return at;
    }
  }
  throw truncated(bytes);
}

/** Whether a marker starts a frame (SOF), which says the size: 0xc0 to 0xcf but for DHT, JPG and DAC. */
export function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function truncated(bytes: Uint8Array): CheckpointError {
  return new CheckpointError(`Cannot read the JPEG: it ends after ${bytes.length} bytes without an end marker`);
}
