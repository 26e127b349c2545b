/**
 * Has the disk take what was written while more comes, so that little is left for it at the end.
 * @module
 */

/** Bytes between two requests: what the system holds back at most. */
const flushBytes = 64 << 20;

/** Flushes a file that somebody else writes. */
export class Flusher implements Disposable {
  readonly #path: string;
  #file: Deno.FsFile | undefined;
  /** Bytes that no request has covered. */
  #left = 0;
  #flushing: Promise<void> | undefined;

  /** @param path file that exists once {@linkcode Flusher.wrote} is called */
  constructor(path: string) {
    this.#path = path;
  }

  /** Is told that so many bytes more were written. */
  wrote(bytes: number): void {
    this.#left += bytes;
    if (this.#flushing || this.#left < flushBytes) return;
    this.#left = 0;
    // By a handle of its own: whoever writes need not wait.
    this.#file ??= Deno.openSync(this.#path, { write: true });
    // A fault of the disk comes again when all is flushed at the end.
    this.#flushing = this.#file.syncData().catch(() => {}).finally(() => this.#flushing = undefined);
  }

  /** Waits for the request under way. */
  async finish(): Promise<void> {
    await this.#flushing;
  }

  [Symbol.dispose](): void {
    this.#file?.close();
  }
}
