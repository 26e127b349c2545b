/**
 * Gives memory back at once.
 * @module
 */
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * Frees the memory of tensors that nobody will read again; they are empty afterwards. The garbage collector would let several
 * steps' worth of gradients and states pile up first.
 */
export function free(tensors: Iterable<Tensor>): void {
  // Small tensors share one.
  const buffers = new Set(Array.from(tensors, ({ data }) => data.buffer as ArrayBuffer));
  for (const buffer of buffers) buffer.transfer(0);
}
