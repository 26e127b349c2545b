/**
 * Lets a run stop between two steps when the user or the system asks for it.
 * @module
 */
import { InterruptedError } from "./_errors.ts";

/** Watches for SIGINT and SIGTERM until it is disposed. */
export interface Interruption extends Disposable {
  /** Aborted by the first signal; its reason is an {@linkcode InterruptedError}. A second one ends the process. */
  readonly signal: AbortSignal;
  /** Resolved once signals are watched for, some 30 ms after the start. */
  readonly ready: Promise<void>;
}

/**
 * Starts to watch for SIGINT and SIGTERM.
 *
 * @param options.onSignal is called once, when the first signal arrives
 */
export function watchInterruption({ onSignal }: { onSignal?: (error: InterruptedError) => void } = {}): Interruption {
  const controller = new AbortController();
  const worker = new Worker(new URL("./_signal_worker.ts", import.meta.url), { type: "module" });
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  worker.addEventListener("message", ({ data }) => {
    if (data === "ready") resolve();
    if ((data !== "SIGINT" && data !== "SIGTERM") || controller.signal.aborted) return;
    const error = new InterruptedError(data);
    onSignal?.(error);
    controller.abort(error);
  });
  // Without the worker the system's own answer to a signal remains, which is to end the process.
  worker.addEventListener("error", (event) => event.preventDefault());
  return { signal: controller.signal, ready, [Symbol.dispose]: () => worker.terminate() };
}
