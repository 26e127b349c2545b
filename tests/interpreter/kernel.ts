/**
 * What an operator of the reference interpreter is.
 * @module
 */
import type { Attribute } from "../../onnx/mod.ts";
import type { Array64 } from "./array.ts";

/** Computes an operator's result, or its results where it has several. Optional operands that are left out are `undefined`. */
export type Kernel = (
  inputs: readonly Array64[],
  attributes: Readonly<Record<string, Attribute>>,
) => Array64 | readonly Array64[];

/** Kernels by ONNX operator. */
export type Kernels = Readonly<Record<string, Kernel>>;

/** A list attribute as numbers. */
export function list(attribute: Attribute | undefined): number[] {
  return (attribute as readonly bigint[]).map(Number);
}
