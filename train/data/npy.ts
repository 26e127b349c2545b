/**
 * NumPy's `.npy` files as pictures: the plainest way to store any number of channels.
 *
 * {@link https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html The format}: a magic number, a Python literal with
 * type, order and shape, and the raw array.
 * @module
 */
import { CheckpointError } from "../../errors.ts";
import { maxPixels } from "../../images/pixels.ts";
import type { Picture } from "./picture.ts";

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Most bytes that the samples of a picture may have; it bounds what a file of many channels makes a reader allocate. */
const maxBytes = 2 ** 30;

/** Element types by NumPy's name without the byte order. */
const types = {
  u1: { depth: 8, bytes: 1 },
  u2: { depth: 16, bytes: 2 },
  f4: { depth: 32, bytes: 4 },
} as const;

/** Whether a file begins like a NumPy array. */
export function isNpy(bytes: Uint8Array): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

/**
 * Reads an array [height, width] or [height, width, channels] of uint8, uint16 or float32 in C order, of either byte order.
 *
 * @throws {CheckpointError} where the array is of another type or shape, is truncated, or holds NaN or infinity
 */
export function decodeNpy(bytes: Uint8Array): Picture {
  const { type, isBigEndian, shape, start } = readHeader(bytes);
  const [height, width, channels = 1] = shape;
  const count = height! * width! * channels;
  if (height! * width! > maxPixels || count * type.bytes > maxBytes) {
    throw unreadable(`it is too large: [${shape.join(", ")}]`);
  }
  const found = bytes.length - start;
  if (found !== count * type.bytes) throw unreadable(`it has ${found} of ${count * type.bytes} bytes of data`);
  const size = { width: width!, height: height!, channels, depth: type.depth };
  // A copy begins where any type may.
  const raw = bytes.slice(start);
  if (isBigEndian) reverseEach(raw, type.bytes);
  if (type.depth === 8) return { ...size, data: raw };
  if (type.depth === 16) return { ...size, data: new Uint16Array(raw.buffer) };
  const data = new Float32Array(raw.buffer);
  if (!data.every(Number.isFinite)) throw unreadable("it holds NaN or infinity");
  return { ...size, data };
}

/** Turns the bytes of each element around, in place. */
function reverseEach(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}

function readHeader(bytes: Uint8Array) {
  const version = bytes[6];
  if (bytes.length < 12 || version === undefined || version < 1 || version > 3) {
    throw unreadable("it is truncated or of an unknown version");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = at + length;
  if (length > 2 ** 16 || start > bytes.length) throw unreadable("its header is truncated");
  const header = new TextDecoder().decode(bytes.subarray(at, start));
  const [, order, name] = /'descr'\s*:\s*'([<>|=])(\w+)'/.exec(header) ?? [];
  const type = Object.hasOwn(types, name ?? "") ? types[name as keyof typeof types] : undefined;
  if (type === undefined) throw unreadable(`expected uint8, uint16 or float32 but found ${name ?? "another type"}`);
  if (!/'fortran_order'\s*:\s*False/.test(header)) throw unreadable("it is not in C order");
  const shape = /'shape'\s*:\s*\(([\d,\s]*)\)/.exec(header)?.[1]?.split(",").map((side) => side.trim()).filter(Boolean)
    .map(Number);
  if (shape === undefined || shape.length < 2 || shape.length > 3 || shape.some((side) => !(side >= 1))) {
    throw unreadable(`expected [height, width] or [height, width, channels] but found [${shape?.join(", ") ?? ""}]`);
  }
  return { type, isBigEndian: order === ">", shape, start };
}

function unreadable(detail: string): CheckpointError {
  return new CheckpointError(`Cannot read the NumPy array: ${detail}`);
}
