/**
 * What a pickle of weights may hold, and the only names of Python that are known.
 * @module
 */
import type { DType } from "../../tensor/tensor.ts";

/** A tensor as a pickle describes it; its numbers are in an entry of the zip file beside it. */
export interface PickledTensor {
  readonly kind: "tensor";
  /** Name of the entry below `data/`. */
  readonly storage: string;
  readonly dtype: DType;
  /** Elements of the storage. */
  readonly elements: number;
  /** Element of the storage at which the tensor begins. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** Elements from one index of an axis to the next. */
  readonly strides: readonly number[];
}

/** A tuple, which Python tells from a list. */
export class PickledTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** What a pickle holds. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickledTuple
  | PickleDict
  | PickledTensor
  | Internal;

/** A dictionary; its keys are text, numbers, truth values or None. */
export type PickleDict = Map<PickleValue, PickleValue>;

/** What only exists while a pickle is read: a storage without a tensor, or a word of the table. */
export class Internal {
  constructor(readonly value: Storage | Word) {}
}

/** Where the numbers of tensors are. */
export interface Storage {
  readonly kind: "storage";
  readonly key: string;
  /** Undefined where the tensor says it. */
  readonly dtype: DType | undefined;
  /** Elements, or bytes where the dtype is not known. */
  readonly count: number;
}

/** What a name of Python stands for. */
export type Word =
  | { readonly kind: "storageType"; readonly dtype: DType | undefined }
  | { readonly kind: "dtype"; readonly dtype: DType }
  | { readonly kind: "function"; readonly name: "tensor" | "parameter" | "dictionary" | "size" };

const functions = {
  "torch._utils._rebuild_tensor": "tensor",
  "torch._utils._rebuild_tensor_v2": "tensor",
  "torch._utils._rebuild_tensor_v3": "tensor",
  "torch._utils._rebuild_parameter": "parameter",
  "collections.OrderedDict": "dictionary",
  "torch.Size": "size",
} as const;

const storageTypes: Readonly<Record<string, DType>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

const dtypes: readonly DType[] = [
  "float64",
  "float32",
  "float16",
  "bfloat16",
  "int64",
  "int32",
  "int16",
  "int8",
  "uint64",
  "uint32",
  "uint16",
  "uint8",
  "bool",
];

/** The whole table of names. */
export const words: ReadonlyMap<string, Word> = new Map<string, Word>([
  ...Object.entries(functions).map(([path, name]): [string, Word] => [path, { kind: "function", name }]),
  ...Object.entries(storageTypes).map(([name, dtype]): [string, Word] => [`torch.${name}`, {
    kind: "storageType",
    dtype,
  }]),
  ["torch.storage.UntypedStorage", { kind: "storageType", dtype: undefined }],
  ["torch.UntypedStorage", { kind: "storageType", dtype: undefined }],
  ...dtypes.map((dtype): [string, Word] => [`torch.${dtype}`, { kind: "dtype", dtype }]),
]);

/** Whether a value is a tensor. */
export function isTensor(value: PickleValue | undefined): value is PickledTensor {
  return typeof value === "object" && value !== null && "kind" in value;
}
