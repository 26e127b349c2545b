/**
 * Classifier-free guidance (https://arxiv.org/abs/2207.12598), as diffusers arranges it: one batch, first the rows with the
 * prompt, then the rows without.
 * @module
 */
import { type Tensor, tensor } from "../tensor/tensor.ts";

/** Whether a guidance scale does anything: only above 1. */
export function isGuided(scale: number): boolean {
  return scale > 1;
}

/** Rows that a network computes for each latent: with the prompt, and with guidance without it too. */
export function copiesOf(scale: number): number {
  return isGuided(scale) ? 2 : 1;
}

/** Joins two tensors along their first axis. */
export function stack(a: Tensor<"float32">, b: Tensor<"float32">): Tensor<"float32"> {
  const joined = tensor("float32", [a.shape[0]! + b.shape[0]!, ...a.shape.slice(1)]);
  joined.data.set(a.data);
  joined.data.set(b.data, a.data.length);
  return joined;
}

/** Rows `start` ≤ i < `end` of the first axis, without a copy. */
export function rows(x: Tensor<"float32">, start: number, end: number): Tensor<"float32"> {
  const size = x.data.length / x.shape[0]!;
  return tensor("float32", [end - start, ...x.shape.slice(1)], x.data.subarray(start * size, end * size));
}

/** Each row `times` times in a row (`repeat_interleave`): [b, …] → [b·times, …]. */
export function repeatRows(x: Tensor<"float32">, times: number): Tensor<"float32"> {
  if (times === 1) return x;
  const count = x.shape[0]!;
  const size = x.data.length / count;
  const repeated = tensor("float32", [count * times, ...x.shape.slice(1)]);
  for (let i = 0; i < count * times; i++) {
    const row = Math.floor(i / times);
    repeated.data.set(x.data.subarray(row * size, (row + 1) * size), i * size);
  }
  return repeated;
}

/**
 * `torch.lerp(unconditional, conditional, scale)` of the halves of a prediction [2b, …] → [b, …].
 *
 * For a scale of ½ or more torch computes conditional − (conditional − unconditional)·(1 − scale)
 * (ATen/native/Lerp.h), rounding each operation to float32.
 */
export function guide(prediction: Tensor<"float32">, scale: number): Tensor<"float32"> {
  const half = prediction.data.length / 2;
  const rest = Math.fround(1 - Math.fround(scale));
  const guided = tensor("float32", [prediction.shape[0]! / 2, ...prediction.shape.slice(1)]);
  for (let i = 0; i < half; i++) {
    const conditional = prediction.data[i]!;
    const difference = Math.fround(conditional - prediction.data[half + i]!);
    guided.data[i] = conditional - Math.fround(difference * rest);
  }
  return guided;
}
