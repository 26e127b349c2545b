/**
 * The header of a safetensors file: 8 bytes of length, then JSON that places every tensor in the rest of the file.
 *
 * Format: https://huggingface.co/docs/safetensors. A file is accepted where both the text of the format and its reference
 * implementation (`safetensors/src/tensor.rs`, version 0.8.0) accept it. The reference alone also takes doubled keys, space
 * before the `{`, entries written as arrays and keys such as `__proto__`, counts up to 2⁶⁴ where this stops at 2⁵³, and sets no
 * bound to the number of tensors, which here is 1.3 million. `tests/fixtures/safetensors` holds the comparison.
 * @module
 */

import { CheckpointError } from "../errors.ts";
import type { DType } from "../tensor/tensor.ts";
import { quote } from "./quote.ts";
import { isObject, type JsonObject, type JsonValue, parseStrictJson } from "./strict_json.ts";

/** Bits of one element of each dtype, by its name in the file. */
const bitsOf = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

const readable = {
  BOOL: "bool",
  U8: "uint8",
  I8: "int8",
  I16: "int16",
  U16: "uint16",
  F16: "float16",
  BF16: "bfloat16",
  I32: "int32",
  U32: "uint32",
  F32: "float32",
  F64: "float64",
  I64: "int64",
  U64: "uint64",
} as const satisfies Partial<Record<keyof typeof bitsOf, DType>>;

/** A dtype of the format that has no typed array here: fp8, fp6, fp4 and complex numbers, under their names in the file. */
export type UnreadableDType = Exclude<keyof typeof bitsOf, keyof typeof readable>;

/** Where a tensor lies in a file, and how to read its bytes (little-endian, row-major). */
export interface TensorEntry<D extends string = DType | UnreadableDType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  /** Byte of the file at which the tensor begins. */
  readonly start: number;
  /** Byte of the file after its last. */
  readonly end: number;
}

/** What a header says. */
export interface SafetensorsHeader {
  /** `__metadata__`; without a prototype. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Tensors by name, in the order in which they lie in the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** The file that a header belongs to, for checks and messages. */
export interface HeaderSource {
  /** Name in error messages. */
  readonly name: string;
  /** Size of the whole file in bytes. */
  readonly size: number;
}

const maxHeaderBytes = 100_000_000;
const lengthBytes = 8;

/** Names of the dtypes in a file by ours, the reverse of what {@linkcode parseSafetensorsHeader} does. */
export const storedNames = Object.fromEntries(Object.entries(readable).map(([stored, dtype]) => [dtype, stored])) as {
  readonly [D in DType]: keyof typeof readable;
};

/** Whether tensors of a dtype can be read here. */
export function isReadable(dtype: DType | UnreadableDType): dtype is DType {
  return dtype in storedNames;
}

/**
 * Returns how many bytes from the start of the file hold length and header, from its first 8 bytes.
 *
 * @throws {CheckpointError} where the length passes 100 MB or the file, so that nobody allocates for it
 */
export function headerEnd(start: Uint8Array, { name, size }: HeaderSource): number {
  if (size < lengthBytes || start.byteLength < lengthBytes) {
    throw cut(name, `at least ${lengthBytes} bytes`, Math.min(size, start.byteLength));
  }
  const length = new DataView(start.buffer, start.byteOffset, start.byteLength).getBigUint64(0, true);
  if (length > maxHeaderBytes) {
    if (new TextDecoder().decode(start.subarray(0, lengthBytes)) === "version ") {
      throw new CheckpointError(`${name}: the file is only a Git LFS pointer; fetch the real one with "git lfs pull"`);
    }
    throw damaged(name, `expected a header of at most ${maxHeaderBytes} bytes but its length says ${length}`);
  }
  const end = lengthBytes + Number(length);
  if (end > size) throw cut(name, `at least ${end} bytes (8 and a header of ${length})`, size);
  return end;
}

/**
 * Parses the header of a safetensors file.
 *
 * @param start the first bytes of the file: the length, the header, and any of what follows
 * @throws {CheckpointError} naming file, tensor, and expected and actual values
 */
export function parseSafetensorsHeader(start: Uint8Array, source: HeaderSource): SafetensorsHeader {
  const { name, size } = source;
  const dataStart = headerEnd(start, source);
  if (start.byteLength < dataStart) throw cut(name, `${dataStart} bytes of header`, start.byteLength);
  const header = parseJson(start.subarray(lengthBytes, dataStart), name);
  const tensors: [string, TensorEntry][] = [];
  for (const key in header) {
    if (key !== "__metadata__") tensors.push([key, parseEntry(key, header[key]!, { name, dataStart })]);
  }
  tensors.sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  let end = dataStart;
  for (const [key, tensor] of tensors) {
    if (tensor.start !== end) {
      const problem = tensor.start < end ? "an overlap" : "a hole";
      const offset = `offset ${end - dataStart} but found ${tensor.start - dataStart}`;
      throw damaged(name, `${problem}: expected tensor ${quote(key)} to begin at ${offset}`);
    }
    end = tensor.end;
  }
  if (size < end) throw cut(name, `${end} bytes`, size);
  if (size > end) throw damaged(name, `expected ${end} bytes but found ${size}, ${size - end} of them in no tensor`);
  return { metadata: parseMetadata(header.__metadata__, name), tensors: new Map(tensors) };
}

function parseJson(bytes: Uint8Array, name: string): JsonObject {
  if (bytes[0] !== 0x7b) {
    const found = bytes.byteLength === 0 ? "it is empty" : `found byte ${bytes[0]}`;
    throw damaged(name, `expected the header to begin with "{" but ${found}`);
  }
  try {
    return parseStrictJson(bytes, { exactIntegers: true }) as JsonObject;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw damaged(name, `the header is no valid JSON: ${cause.message}`, { cause });
  }
}

function parseMetadata(value: JsonValue | undefined, name: string): Record<string, string> {
  const metadata: Record<string, string> = Object.create(null);
  if (value === undefined || value === null) return metadata;
  if (!isObject(value)) throw damaged(name, `expected __metadata__ to be an object but found ${shown(value)}`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") {
      throw damaged(name, `expected __metadata__ ${quote(key)} to be a string but found ${shown(text)}`);
    }
    metadata[key] = text;
  }
  return metadata;
}

function parseEntry(
  key: string,
  value: JsonValue,
  { name, dataStart }: { name: string; dataStart: number },
): TensorEntry {
  const wrong = (expected: string, found: JsonValue | undefined) =>
    damaged(name, `tensor ${quote(key)}: expected ${expected} but found ${shown(found)}`);
  if (!isObject(value)) throw wrong("an object", value);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(bitsOf, dtype)) {
    throw wrong(`a dtype out of ${Object.keys(bitsOf).join(", ")}`, dtype);
  }
  const stored = dtype as keyof typeof bitsOf;
  if (!isSizes(shape)) throw wrong("a shape of integers from 0 to 2^53 - 1", shape);
  if (!isSizes(offsets) || offsets.length !== 2) throw wrong("two offsets from 0 to 2^53 - 1", offsets);
  const [from, to] = offsets as [number, number];
  if (from > to) throw wrong("offsets in rising order", offsets);
  let size = 1;
  for (const dim of shape) {
    size *= dim;
    if (!Number.isSafeInteger(size)) throw wrong("a shape of at most 2^53 - 1 elements", shape);
  }
  const bits = size * bitsOf[stored];
  if (bits % 8 !== 0) throw wrong(`a shape of whole bytes for dtype ${stored}`, shape);
  if (bits / 8 !== to - from) {
    const wanted = `${bits / 8} bytes for dtype ${stored} and shape ${shown(shape)}`;
    throw damaged(name, `tensor ${quote(key)}: expected ${wanted} but its offsets ${shown(offsets)} hold ${to - from}`);
  }
  return {
    dtype: Object.hasOwn(readable, stored) ? readable[stored as keyof typeof readable] : stored as UnreadableDType,
    shape,
    start: dataStart + from,
    end: dataStart + to,
  };
}

function isSizes(value: JsonValue | undefined): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number" && item >= 0);
}

/** A short form of a value for a message. */
function shown(value: JsonValue | undefined): string {
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(kind).join(", ")}${value.length > 8 ? ", …" : ""}]`;
  return kind(value);
}

function kind(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return "an array";
  return isObject(value) ? "an object" : `${value}`.slice(0, 40);
}

function cut(name: string, expected: string, found: number): CheckpointError {
  return new CheckpointError(`${name}: the file is cut, expected ${expected} but found ${found}; get it again`);
}

function damaged(name: string, problem: string, options?: ErrorOptions): CheckpointError {
  return new CheckpointError(`${name}: not a valid safetensors file, ${problem}`, options);
}
