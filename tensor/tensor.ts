/**
 * A tensor is a typed array with a shape: row-major, contiguous, on the JavaScript heap.
 * @module
 */

/** Typed array that holds the elements of each dtype. `bfloat16` is kept as its raw 16 bits. */
export interface ArrayOf {
  /** IEEE 754 double precision, 8 bytes. */
  float64: Float64Array;
  /** IEEE 754 single precision, 4 bytes: what all networks compute in. */
  float32: Float32Array;
  /** IEEE 754 half precision, 2 bytes. */
  float16: Float16Array;
  /** The upper 16 bits of a float32, as they are. */
  bfloat16: Uint16Array;
  /** 8 bytes, signed: indices and shapes. */
  int64: BigInt64Array;
  /** 4 bytes, signed. */
  int32: Int32Array;
  /** 2 bytes, signed. */
  int16: Int16Array;
  /** 1 byte, signed. */
  int8: Int8Array;
  /** 8 bytes, unsigned. */
  uint64: BigUint64Array;
  /** 4 bytes, unsigned. */
  uint32: Uint32Array;
  /** 2 bytes, unsigned: samples of 16-bit pictures. */
  uint16: Uint16Array;
  /** 1 byte, unsigned: samples of pictures. */
  uint8: Uint8Array;
  /** 1 byte: 0 or 1. */
  bool: Uint8Array;
}

/** Name of an element type, in the words of NumPy and torch. */
export type DType = keyof ArrayOf;

const arrays = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Float16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Bytes of one element of `dtype`. */
export function bytesOf(dtype: DType): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** A row-major array with a shape. */
export interface Tensor<D extends DType = DType> {
  /** Type of the elements. */
  readonly dtype: D;
  /** Size of each dimension; empty for a scalar. */
  readonly shape: readonly number[];
  /** As many elements as the shape asks for, the last dimension fastest. */
  readonly data: ArrayOf[D];
}

/**
 * Makes a tensor, from `data` or filled with zeros.
 *
 * @throws {RangeError} where `data` does not have as many elements as `shape` asks for
 * @example
 * ```ts
 * import { tensor } from "wuerstchen";
 * const latents = tensor("float32", [1, 16, 3, 3]);
 * if (latents.data.length !== 144) throw new Error("144 elements");
 * ```
 */
export function tensor<D extends DType>(dtype: D, shape: readonly number[], data?: ArrayOf[D]): Tensor<D> {
  const size = sizeOf(shape);
  if (data !== undefined && data.length !== size) {
    throw new RangeError(`Expected ${size} elements for shape [${shape.join(", ")}] but found ${data.length}`);
  }
  return { dtype, shape, data: data ?? new arrays[dtype](size) as ArrayOf[D] };
}

/** Views `bytes` (little-endian, on this machine's order) as a tensor; copies only where the bytes are not aligned. */
export function tensorFromBytes<D extends DType>(dtype: D, shape: readonly number[], bytes: Uint8Array): Tensor<D> {
  const width = bytesOf(dtype);
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const data = new arrays[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / width);
  return tensor(dtype, shape, data as ArrayOf[D]);
}

/** The bytes of a tensor's elements, without a copy. */
export function tensorBytes({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}
