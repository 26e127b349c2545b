/**
 * XMP in JPEG: one APP1 segment, or, where that is too short, an extended packet over several (XMP specification, part 3, 1.1.3).
 * @module
 */
import { createHash } from "node:crypto";
import { CheckpointError } from "../errors.ts";
import { concat } from "./concat.ts";
import { type JpegSegment, markers, maxSegmentBytes, readJpegSegments } from "./jpeg_segments.ts";
import { latin1Bytes, latin1Text } from "./latin1.ts";
import { buildXmp, extensionOf, parseXmp, type XmpValues } from "./xmp.ts";

const packetSignature = latin1Bytes("http://ns.adobe.com/xap/1.0/\0");
const extensionSignature = latin1Bytes("http://ns.adobe.com/xmp/extension/\0");

/** Digest, length of the whole, offset of this part. */
const extensionHeaderBytes = extensionSignature.length + 32 + 4 + 4;

/**
 * A copy of a JPEG with these values as its only XMP.
 *
 * @throws {CheckpointError} where the JPEG is damaged
 */
export function writeJpegXmp(bytes: Uint8Array, values: XmpValues): Uint8Array {
  const segments = [...readJpegSegments(bytes)].filter((segment) =>
    !holds(segment, packetSignature) && !holds(segment, extensionSignature)
  );
  // JFIF's APP0 has to follow SOI at once.
  const at = segments.findIndex(({ marker }) => marker !== markers.startOfImage && marker !== markers.app0);
  const kept = segments.map((segment) => segment.bytes);
  return concat([...kept.slice(0, at), ...xmpSegments(values), ...kept.slice(at)]);
}

/**
 * Reads our values out of the XMP of a JPEG.
 *
 * @throws {CheckpointError} where the JPEG or its XMP is damaged
 */
export function readJpegXmp(bytes: Uint8Array): XmpValues {
  const segments = [...readJpegSegments(bytes)];
  const packet = segments.find((segment) => holds(segment, packetSignature));
  if (packet === undefined) return {};
  const text = decodeUtf8(packet.data.subarray(packetSignature.length));
  const digest = extensionOf(text);
  return { ...parseXmp(text), ...(digest === undefined ? {} : parseXmp(extendedPacket(segments, digest))) };
}

function holds({ marker, data }: JpegSegment, signature: Uint8Array): boolean {
  return marker === markers.app1 && signature.every((byte, at) => data[at] === byte);
}

function xmpSegments(values: XmpValues): Uint8Array[] {
  const packet = new TextEncoder().encode(buildXmp(values));
  if (packetSignature.length + packet.length <= maxSegmentBytes) return [app1([packetSignature, packet])];
  const digest = createHash("md5").update(packet).digest("hex").toUpperCase();
  const room = maxSegmentBytes - extensionHeaderBytes;
  const parts = Array.from({ length: Math.ceil(packet.length / room) }, (_, index) => {
    const numbers = new DataView(new ArrayBuffer(8));
    numbers.setUint32(0, packet.length);
    numbers.setUint32(4, index * room);
    const part = packet.subarray(index * room, (index + 1) * room);
    return app1([extensionSignature, latin1Bytes(digest), new Uint8Array(numbers.buffer), part]);
  });
  return [app1([packetSignature, new TextEncoder().encode(buildXmp({}, { extension: digest }))]), ...parts];
}

function app1(parts: readonly Uint8Array[]): Uint8Array {
  const data = concat([new Uint8Array(4), ...parts]);
  data.set([0xff, markers.app1, (data.length - 2) >> 8, (data.length - 2) & 0xff]);
  return data;
}

/** Joins the parts of an extended packet, which may come in any order. */
function extendedPacket(segments: readonly JpegSegment[], digest: string): string {
  const parts = segments.filter((segment) => holds(segment, extensionSignature)).map(({ data }) => {
    if (data.length < extensionHeaderBytes) throw incomplete();
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    return {
      digest: latin1Text(data.subarray(extensionSignature.length, extensionSignature.length + 32)),
      total: view.getUint32(extensionSignature.length + 32),
      offset: view.getUint32(extensionSignature.length + 36),
      data: data.subarray(extensionHeaderBytes),
    };
  }).filter((part) => part.digest === digest).sort((a, b) => a.offset - b.offset);
  let end = 0;
  for (const { offset, data } of parts) {
    if (offset !== end) throw incomplete();
    end += data.length;
  }
  if (parts.length === 0 || parts.some(({ total }) => total !== end)) throw incomplete();
  return decodeUtf8(concat(parts.map(({ data }) => data)));
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CheckpointError("Cannot read the JPEG: its XMP metadata is not UTF-8", { cause });
  }
}

function incomplete(): CheckpointError {
  return new CheckpointError("Cannot read the JPEG: its extended XMP metadata is incomplete");
}
