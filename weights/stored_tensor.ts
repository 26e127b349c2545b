/**
 * Where a tensor lies in a file, and how its bytes are read.
 * @module
 */
import { bytesOf, type DType, sizeOf, type Tensor, tensor, tensorFromBytes } from "../tensor/tensor.ts";
import type { FixedFile } from "./fixed_file.ts";

/** Where a tensor of a checkpoint lies. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Real path of its file, with every link resolved. */
  readonly file: string;
  /** Byte of the file at which it begins. */
  readonly start: number;
  /** Bytes from its first element to the end of its last. */
  readonly length: number;
  /** Elements from one index of an axis to the next, where they do not follow each other row by row: it cannot be mapped then. */
  readonly strides?: readonly number[];
}

/** Strides of elements that follow each other row by row. */
function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/**
 * Leaves strides out where they are those of plain rows; those of axes with one index never matter.
 *
 * @returns what a {@linkcode StoredTensor} has to say: nothing, or the strides
 */
export function stridesOf(
  shape: readonly number[],
  strides: readonly number[],
): { readonly strides?: readonly number[] } {
  const plain = rowMajor(shape);
  const isPlain = sizeOf(shape) <= 1 || shape.every((dim, axis) => dim === 1 || strides[axis] === plain[axis]);
  return isPlain ? {} : { strides };
}

/** Bytes from the first element of a tensor to the end of its last. */
export function spanOf(dtype: DType, shape: readonly number[], strides: readonly number[] = rowMajor(shape)): number {
  if (shape.includes(0)) return 0;
  return (1 + shape.reduce((last, dim, axis) => last + (dim - 1) * strides[axis]!, 0)) * bytesOf(dtype);
}

/** Reads a tensor into memory, row by row. */
export async function readStored(file: FixedFile, stored: StoredTensor): Promise<Tensor> {
  const { dtype, shape, start, length, strides } = stored;
  const bytes = await file.read(start, length);
  if (!strides) return tensorFromBytes(dtype, shape, bytes);
  const source = tensorFromBytes(dtype, [length / bytesOf(dtype)], bytes).data;
  const result = tensor(dtype, shape);
  const data = result.data as { [index: number]: number | bigint };
  const index = new Array<number>(shape.length).fill(0);
  for (let to = 0, from = 0; to < result.data.length; to++) {
    data[to] = source[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

/** Rows `from` … `to` of a tensor, without reading it. */
export function rowsOf(stored: StoredTensor, { from, to }: { from: number; to: number }): StoredTensor {
  const { dtype, shape, start } = stored;
  const strides = stored.strides ?? rowMajor(shape);
  const part = [to - from, ...shape.slice(1)];
  return {
    ...stored,
    shape: part,
    start: start + from * strides[0]! * bytesOf(dtype),
    length: spanOf(dtype, part, strides),
    ...stridesOf(part, strides),
  };
}
