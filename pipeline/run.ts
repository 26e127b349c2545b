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
 * Latents stay in memory only for iterators that are still to see them: a loop that begins late gets those steps without.
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
  /** Place of each iterator: how many events it has taken. */
  const readers = new Set<{ taken: number }>();
  /** How many events have let go of their latents. */
  let light = 0;
  const stop = new AbortController();
  let started: Promise<Result> | undefined;
  let changed = Promise.withResolvers<void>();
  let ended = false;

  const announce = () => {
    const { resolve } = changed;
    changed = Promise.withResolvers<void>();
    resolve();
  };

  const letGo = () => {
    const end = Math.min(events.length, ...[...readers].map(({ taken }) => taken));
    for (; light < end; light++) events[light] = withoutLatents(events[light]!);
  };

  const drive = async (): Promise<Result> => {
    const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    both.throwIfAborted();
    const steps = work(both);
    for (;;) {
      const { done, value } = await steps.next();
      if (done) return value;
      events.push(value);
      letGo();
      announce();
      // A turn of the event loop: whoever watches may cancel before the next step begins.
      await nextTurn();
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
      const reader = { taken: 0 };
      readers.add(reader);
      const result = start();
      let complete = false;
      try {
        for (;;) {
          while (reader.taken < events.length) {
            const event = events[reader.taken++]!;
            letGo();
            yield event;
          }
          if (ended) break;
          await changed.promise;
        }
        complete = true;
        await result;
      } finally {
        readers.delete(reader);
        if (!complete) stop.abort(new DOMException("The run was cancelled by leaving its loop", "AbortError"));
      }
    },
  };
}

/** A step as somebody sees it who was not there: its latents are gone. */
function withoutLatents(event: GenerateEvent): GenerateEvent {
  if (event.type !== "step") return event;
  const { latents: _latents, preview: _preview, ...rest } = event;
  return {
    ...rest,
    latents() {
      throw new Error(
        `Expected the latents of ${rest.stage} ${rest.step}/${rest.total} to be asked for by a loop that was there: ` +
          "start it before the run, since past latents are not kept",
      );
    },
  };
}

/** A turn of the event loop, by a message: a timer of 0 ms takes one or more, and the runtime's threads fall asleep meanwhile. */
function nextTurn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
