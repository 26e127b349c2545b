/**
 * Tensors as other floating-point types, rounded as torch does: to nearest, ties to even.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { bfloat16Bits, bfloat16Value } from "../tensor/bfloat16.ts";
import type { DType, Tensor } from "../tensor/tensor.ts";
import { quote } from "./quote.ts";

/** A type that weights are stored in. */
export type WeightType = "float32" | "float16" | "bfloat16";

/** Whether a type is one of floating-point numbers; tensors of others are counters, which no conversion touches. */
export function isFloat(dtype: DType): boolean {
  return ["float64", "float32", "float16", "bfloat16"].includes(dtype);
}

/** The numbers of a floating-point tensor as float32; float64 is rounded. */
export function toFloat32({ dtype, data }: Tensor): Float32Array<ArrayBuffer> {
  if (dtype === "float32") return data as Float32Array<ArrayBuffer>;
  if (dtype === "bfloat16") return Float32Array.from(data as Uint16Array, bfloat16Value);
  return new Float32Array(data as Float16Array | Float64Array);
}

/**
 * A floating-point tensor as another type; any other tensor as it is.
 *
 * @param options.key names the tensor in messages
 * @throws {CheckpointError} where a number is beyond the range of float16 (65,504), which would make infinity of it
 */
export function castTensor(tensor: Tensor, dtype: WeightType, { key }: { key: string }): Tensor {
  const { shape } = tensor;
  if (tensor.dtype === dtype || !isFloat(tensor.dtype)) return tensor;
  const values = toFloat32(tensor);
  if (dtype === "float32") return { dtype, shape, data: values };
  if (dtype === "bfloat16") return { dtype, shape, data: Uint16Array.from(values, bfloat16Bits) };
  const data = new Float16Array(tensor.dtype === "float64" ? tensor.data as Float64Array : values);
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i]!) || !Number.isFinite(values[i]!)) continue;
    throw new CheckpointError(
      `${quote(key)} holds ${values[i]}, which is beyond float16's range of ±65504: choose bf16 or fp32`,
    );
  }
  return { dtype, shape, data };
}
