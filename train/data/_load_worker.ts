/**
 * A loader's worker: takes jobs, one after the other, and sends batches.
 * @module
 */
import { type BatchJob, loadBatch, type LoadedBatch } from "./load_batch.ts";

/** What comes in. */
export interface LoadRequest {
  readonly number: number;
  readonly job: BatchJob;
}

/** What goes out: the batch, or what went wrong beyond single pictures. */
export type LoadReply =
  | { readonly number: number; readonly batch: LoadedBatch }
  | { readonly number: number; readonly error: { readonly name: string; readonly message: string } };

/** The part of a worker's global scope that is used here; Deno's types describe the main thread's. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<LoadRequest>) => void) | null;
  postMessage(reply: LoadReply, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
let queue = Promise.resolve();

scope.onmessage = ({ data }) => {
  // One picture in memory at a time, however many jobs wait.
  queue = queue.then(() => answer(data));
};

async function answer({ number, job }: LoadRequest): Promise<void> {
  try {
    const batch = await loadBatch(job);
    scope.postMessage({ number, batch }, [batch.images.buffer]);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    scope.postMessage({ number, error: { name, message } });
  }
}
