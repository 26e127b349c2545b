/**
 * A run: one piece of work that can be awaited, watched, or both.
 * @module
 */
import type { GenerateEvent, Run } from "./types.ts";

/** Work that reports events and ends with a result. It stops between two steps once `signal` is aborted. */
export type Work<Result> = (signal: AbortSignal) => AsyncGenerator<GenerateEvent, Result>;

/**
 * Makes a {@linkcode Run}: it starts at the first `await` or iteration and runs once; every iterator sees all events from the
 * first on. Leaving a loop early cancels the run for everybody.
 *
 * @param options.enqueue waits for its turn; called once, when the run starts
 * @param options.signal cancels the run too
 */
export function createRun<Result>(
  work: Work<Result>,
  { enqueue, signal }: {
    enqueue: <T>(task: () => Promise<T>) => Promise<T>;
    signal?: AbortSignal | undefined;
  },
): Run<Result> {
  const events: GenerateEvent[] = [];
  const stop = new AbortController();
  let started: Promise<Result> | undefined;
  let changed = Promise.withResolvers<void>();
  let ended = false;

  const announce = () => {
    const { resolve } = changed;
    changed = Promise.withResolvers<void>();
    resolve();
  };

  const drive = async (): Promise<Result> => {
    const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    both.throwIfAborted();
    const steps = work(both);
    for (;;) {
      const { done, value } = await steps.next();
      if (done) return value;
      events.push(value);
      announce();
      // A turn of the event loop: whoever watches may cancel before the next step begins.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  };

  const start = (): Promise<Result> => {
    if (!started) {
      started = enqueue(drive).finally(() => {
        ended = true;
        announce();
      });
      // Whoever only iterates learns of a failure there; the promise alone must not end the process.
      started.catch(() => {});
    }
    return started;
  };

  return {
    then: (resolved, rejected) => start().then(resolved, rejected),
    async *[Symbol.asyncIterator]() {
      const result = start();
      let complete = false;
      try {
        for (let next = 0;;) {
          while (next < events.length) yield events[next++]!;
          if (ended) break;
          await changed.promise;
        }
        complete = true;
        await result;
      } finally {
        if (!complete) stop.abort(new DOMException("The run was cancelled by leaving its loop", "AbortError"));
      }
    },
  };
}
