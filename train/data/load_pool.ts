/**
 * Workers that load batches beside the main thread, on which ONNX Runtime keeps running.
 * @module
 */
import { ConfigError } from "../../errors.ts";
import type { LoadReply, LoadRequest } from "./_load_worker.ts";
import type { BatchJob, LoadedBatch } from "./load_batch.ts";

interface Waiting {
  readonly worker: Worker;
  resolve(batch: LoadedBatch): void;
  reject(error: Error): void;
}

/** A fixed number of workers; jobs go to them in turn. */
export class LoadPool implements Disposable {
  readonly #workers: Worker[];
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  /** @param count of workers, at least 1 */
  constructor(count: number) {
    this.#workers = Array.from({ length: count }, () => this.#start());
  }

  /**
   * Loads a batch.
   *
   * @throws {ConfigError} where the job is impossible
   * @throws {Error} where the worker fails or the pool is disposed of
   */
  load(job: BatchJob): Promise<LoadedBatch> {
    const number = this.#next++;
    const worker = this.#workers[number % this.#workers.length]!;
    const { promise, resolve, reject } = Promise.withResolvers<LoadedBatch>();
    this.#waiting.set(number, { worker, resolve, reject });
    worker.postMessage({ number, job } satisfies LoadRequest);
    // It may fail long before anybody asks for it.
    promise.catch(() => {});
    return promise;
  }

  /** Ends the workers, whatever they are doing. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(new Error("The loader is closed"));
    this.#waiting.clear();
  }

  #start(): Worker {
    const worker = new Worker(new URL("./_load_worker.ts", import.meta.url), { type: "module", name: "loader" });
    worker.onmessage = ({ data }: MessageEvent<LoadReply>) => {
      const waiting = this.#waiting.get(data.number);
      this.#waiting.delete(data.number);
      if ("batch" in data) waiting?.resolve(data.batch);
      else waiting?.reject(errorOf(data.error));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      for (const [number, waiting] of this.#waiting) {
        if (waiting.worker !== worker) continue;
        this.#waiting.delete(number);
        waiting.reject(new Error(`A loader's worker failed: ${event.message}`));
      }
    };
    return worker;
  }
}

/** Classes do not cross between threads. */
function errorOf({ name, message }: { name: string; message: string }): Error {
  if (name === "ConfigError") return new ConfigError(message);
  if (name === "RangeError") return new RangeError(message);
  if (name === "NotCapable") return new Deno.errors.NotCapable(message);
  return new Error(message);
}
