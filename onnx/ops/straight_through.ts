/**
 * Values that the gradient passes by.
 * @module
 */
import { emitOne, type Value } from "../value.ts";
import { add, sub } from "./elementwise.ts";

/** The value of `x` as a constant to the gradient (`detach` of torch). */
export function stopGradient(x: Value): Value {
  return emitOne("Identity", [x], { dtype: x.dtype, shape: x.shape });
}

/**
 * The value of `quantized` with the gradient of `x`: x + stop(quantized − x), the straight-through estimator
 * (https://arxiv.org/abs/1308.3432, §4; for codebooks https://arxiv.org/abs/1711.00937, §3.2).
 */
export function straightThrough(x: Value, quantized: Value): Value {
  return add(x, stopGradient(sub(quantized, x)));
}
