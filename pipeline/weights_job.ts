/**
 * Long work on weights: how far it is, and how it is stopped.
 * @module
 */

/** How far work on weights is. */
export interface WeightsProgress {
  /** Bytes, or numbers, that are done. */
  readonly done: number;
  /** All of them. */
  readonly total: number;
}

/** Who watches long work on weights. */
export interface WeightsJob {
  /** Is told after each tensor. */
  readonly onProgress?: ((progress: WeightsProgress) => void) | undefined;
  /** Stops between two tensors; nothing is left of what was being written. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Counts what is done.
 *
 * @returns a function that takes what has been added, tells it, and throws the reason of the signal where that was aborted
 */
export function countWeights(total: number, { onProgress, signal }: WeightsJob): (added: number) => void {
  let done = 0;
  return (added) => {
    signal?.throwIfAborted();
    done += added;
    onProgress?.({ done, total });
  };
}
