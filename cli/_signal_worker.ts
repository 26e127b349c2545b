/**
 * Waits for SIGINT and SIGTERM on a thread of its own and tells the main one.
 *
 * The main thread is deaf while ONNX Runtime computes a step. Here the first signal is noticed at once and the listeners are
 * taken away, so that the system's own answer to a second signal, ending the process, needs nobody.
 * @module
 */

/** The part of a worker's global scope that is used here; the compiler's library describes a page's. */
const scope = globalThis as unknown as { postMessage(message: string): void };

const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => ({ signal, listener: () => answer(signal) }));

function answer(signal: "SIGINT" | "SIGTERM"): void {
  for (const each of listeners) Deno.removeSignalListener(each.signal, each.listener);
  scope.postMessage(signal);
}

for (const { signal, listener } of listeners) Deno.addSignalListener(signal, listener);
scope.postMessage("ready");
