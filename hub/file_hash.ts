/**
 * The hash of a file while it comes. Of a large one it is computed beside the download, on another thread.
 * @module
 */
import { blobHash, hashFileSync } from "./blob_hash.ts";
import type { HashAnswer, HashRequest } from "./_hash_worker.ts";

/** A hash that follows a file which grows at its end. */
export interface FileHash extends Disposable {
  /** Takes what the file at `path` holds already, of which nothing has been taken. */
  takeUp(path: string): Promise<void>;
  /**
   * Takes the next bytes.
   *
   * @param block lies at the begin of its memory, which is handed over
   * @returns that memory
   */
  add(block: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
  /** Begins anew. */
  restart(): Promise<void>;
  /** The hash of all that was taken, in hexadecimal. */
  digest(): Promise<string>;
}

/** What is hashed. */
export interface FileHashOptions {
  /** Its hash as the hub lists it, which tells of which kind it is. */
  readonly expected: string;
  /** Bytes that it will have. */
  readonly size: number;
}

/** Bytes of a file from which on a thread of its own is worth its start. */
const largeBytes = 8 << 20;

/**
 * Begins to hash a file.
 *
 * @param options.inBackground whether on another thread; where left out, large files are
 */
export function openFileHash(
  { inBackground, ...options }: FileHashOptions & { inBackground?: boolean | undefined },
): FileHash {
  return inBackground ?? options.size >= largeBytes ? new FarHash(options) : new NearHash(options);
}

/** Of a small file: nobody notices that its calls block. */
class NearHash implements FileHash {
  readonly #options: FileHashOptions;
  #hash;

  constructor(options: FileHashOptions) {
    this.#options = options;
    this.#hash = blobHash(options.expected, options);
  }

  takeUp(path: string): Promise<void> {
    hashFileSync(path, this.#hash);
    return Promise.resolve();
  }

  add(block: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
    this.#hash.update(block);
    return Promise.resolve(block.buffer);
  }

  restart(): Promise<void> {
    this.#hash = blobHash(this.#options.expected, this.#options);
    return Promise.resolve();
  }

  digest(): Promise<string> {
    return Promise.resolve(this.#hash.copy().digest("hex"));
  }

  [Symbol.dispose](): void {}
}

/** A request without what the thread adds. */
type Ask = HashRequest extends infer Request ? Request extends HashRequest ? Omit<Request, "call" | "file"> : never
  : never;

/** One thread for all files that are being hashed; it ends with the last of them. */
class HashThread {
  static #shared: HashThread | undefined;

  readonly #worker = new Worker(new URL("./_hash_worker.ts", import.meta.url), { type: "module" });
  readonly #asked = new Map<number, PromiseWithResolvers<HashAnswer["value"]>>();
  readonly #files = new Set<number>();
  #ids = 0;
  #calls = 0;
  #failure: Error | undefined;

  private constructor() {
    this.#worker.addEventListener("message", ({ data: { call, value, error } }: MessageEvent<HashAnswer>) => {
      const asked = this.#asked.get(call);
      this.#asked.delete(call);
      if (error !== undefined) asked?.reject(new Error(error));
      else asked?.resolve(value);
    });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#failure = new Error(`the thread that hashes downloads has stopped: ${event.message}`);
      for (const { reject } of this.#asked.values()) reject(this.#failure);
      this.#asked.clear();
    });
  }

  static enter(): { thread: HashThread; file: number } {
    const thread = HashThread.#shared ??= new HashThread();
    const file = thread.#ids++;
    thread.#files.add(file);
    return { thread, file };
  }

  async ask(file: number, ask: Ask): Promise<HashAnswer["value"]> {
    if (this.#failure) throw this.#failure;
    const call = this.#calls++;
    const asked = Promise.withResolvers<HashAnswer["value"]>();
    this.#asked.set(call, asked);
    this.#worker.postMessage({ ...ask, call, file }, ask.type === "add" ? [ask.memory] : []);
    return await asked.promise;
  }

  leave(file: number): void {
    this.ask(file, { type: "close" }).catch(() => {});
    this.#files.delete(file);
    if (this.#files.size > 0) return;
    this.#worker.terminate();
    if (HashThread.#shared === this) HashThread.#shared = undefined;
  }
}

class FarHash implements FileHash {
  readonly #thread: HashThread;
  readonly #file: number;

  constructor(options: FileHashOptions) {
    const { thread, file } = HashThread.enter();
    this.#thread = thread;
    this.#file = file;
    // Whatever is asked next fails for the same reason.
    this.#ask({ type: "open", ...options }).catch(() => {});
  }

  async takeUp(path: string): Promise<void> {
    await this.#ask({ type: "takeUp", path });
  }

  async add({ buffer, byteLength }: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
    return await this.#ask({ type: "add", memory: buffer, length: byteLength }) as ArrayBuffer;
  }

  async restart(): Promise<void> {
    await this.#ask({ type: "restart" });
  }

  async digest(): Promise<string> {
    return await this.#ask({ type: "digest" }) as string;
  }

  [Symbol.dispose](): void {
    this.#thread.leave(this.#file);
  }

  #ask(ask: Ask): Promise<HashAnswer["value"]> {
    return this.#thread.ask(this.#file, ask);
  }
}
