/**
 * Writes safetensors files, byte for byte as the reference implementation does (metadata stay in the order given).
 * @module
 */

import { writeFileAtomic } from "../files/atomic_write.ts";
import { bytesOf, type DType, sizeOf, type Tensor, tensorBytes } from "../tensor/tensor.ts";
import { quote } from "./quote.ts";
import { storedNames } from "./safetensors_header.ts";

/** A tensor that is made only when its turn to be written comes, so that a file may be larger than memory. */
export interface LazyTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Makes the tensor, of just this dtype and shape. */
  load(): Tensor | Promise<Tensor>;
}

/** Tensors by name. */
export type NamedTensors<T = Tensor> = Iterable<readonly [string, T]> | Readonly<Record<string, T>>;

/** Options of {@linkcode writeSafetensors}. */
export interface WriteSafetensorsOptions {
  /** Free text by key, kept in the header. */
  metadata?: Readonly<Record<string, string>>;
  /** Replace a file that exists. */
  force?: boolean;
  /** Is told the bytes of each tensor that is written; what it throws ends the writing, and nothing is left of it. */
  onWritten?: ((bytes: number) => void) | undefined;
}

/**
 * Writes tensors to a safetensors file, whole or not at all, one tensor after the other without a copy.
 *
 * @throws {ConfigError} where the file exists and `force` is not set, or its folder does not
 * @throws {ResourceError} where the disk is full
 * @throws {TypeError} where a name is given twice or is reserved, data and shape differ, or metadata are not strings
 */
export async function writeSafetensors(
  path: string,
  tensors: NamedTensors<Tensor | LazyTensor>,
  { metadata = {}, force = false, onWritten }: WriteSafetensorsOptions = {},
): Promise<void> {
  const { header, sorted, bytes } = prepare(tensors, metadata);
  async function* chunks() {
    yield header;
    for (const [name, tensor] of sorted) {
      const bytes = "data" in tensor ? tensorBytes(tensor) : await loaded(name, tensor);
      yield bytes;
      onWritten?.(bytes.byteLength);
    }
  }
  await writeFileAtomic(path, chunks(), { force, bytes });
}

/**
 * Encodes tensors as the bytes of a safetensors file, for those small enough to hold twice.
 *
 * @throws {TypeError} where a name is given twice or is reserved, data and shape differ, or metadata are not strings
 */
export function encodeSafetensors(tensors: NamedTensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const { header, sorted, bytes } = prepare(tensors, metadata);
  const encoded = new Uint8Array(bytes);
  encoded.set(header);
  let at = header.byteLength;
  for (const [, tensor] of sorted) {
    encoded.set(tensorBytes(tensor), at);
    at += tensorBytes(tensor).byteLength;
  }
  return encoded;
}

// Rising alignment, as in the reference; the file holds the last first, so that every tensor is aligned to its own elements.
const alignmentOrder = ["BOOL", "U8", "I8", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "F64", "I64", "U64"];

function prepare<T extends Tensor | LazyTensor>(tensors: NamedTensors<T>, metadata: Readonly<Record<string, string>>) {
  const entries = Symbol.iterator in tensors ? [...tensors as Iterable<readonly [string, T]>] : Object.entries(tensors);
  const sorted = entries.map(([name, tensor]) => ({
    name,
    tensor,
    stored: storedNames[tensor.dtype],
    key: new TextEncoder().encode(name),
  }));
  sorted.sort((a, b) => alignmentOrder.indexOf(b.stored) - alignmentOrder.indexOf(a.stored) || compare(a.key, b.key));
  const names = new Set<string>();
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${JSON.stringify(checkMetadata(metadata))}`);
  let end = 0;
  for (const { name, tensor, stored } of sorted) {
    checkName(name);
    if (names.has(name)) throw new TypeError(`Expected each tensor once but found ${quote(name)} again`);
    names.add(name);
    const size = sizeOf(tensor.shape);
    if ("data" in tensor && tensor.data.length !== size) {
      throw new TypeError(
        `Expected ${size} elements in ${quote(name)} for shape [${tensor.shape}] but found ${tensor.data.length}`,
      );
    }
    const start = end;
    end += size * bytesOf(tensor.dtype);
    const info = { dtype: stored, shape: tensor.shape, data_offsets: [start, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(info)}`);
  }
  const header = encodeHeader(`{${fields.join(",")}}`);
  return {
    header,
    sorted: sorted.map(({ name, tensor }) => [name, tensor] as const),
    bytes: header.byteLength + end,
  };
}

function encodeHeader(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.byteLength / 8) * 8;
  if (length > 100_000_000) {
    throw new TypeError(
      `Expected a header of at most 100000000 bytes but found ${length}; use fewer tensors or metadata`,
    );
  }
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return header;
}

async function loaded(name: string, lazy: LazyTensor): Promise<Uint8Array> {
  const { dtype, shape } = lazy;
  const made = await lazy.load();
  if (made.dtype !== dtype || made.data.length !== sizeOf(shape)) {
    const found = `${made.dtype} of ${made.data.length} elements`;
    throw new TypeError(`Expected ${quote(name)} to be ${dtype} of ${sizeOf(shape)} elements but found ${found}`);
  }
  return tensorBytes(made);
}

/** Refuses what a reader of this or another language would not give back. */
function checkName(name: string): void {
  if (name === "__metadata__" || name === "__proto__" || !name.isWellFormed()) {
    throw new TypeError(`Expected another name for a tensor than ${quote(name)}`);
  }
}

function checkMetadata(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string" || !value.isWellFormed() || !key.isWellFormed() || key === "__proto__") {
      throw new TypeError(`Expected metadata of well-formed strings but found ${quote(key)}: ${quote(`${value}`)}`);
    }
  }
  return metadata;
}

/** Order of UTF-8 bytes, which is not JavaScript's order of UTF-16 units. */
function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}
