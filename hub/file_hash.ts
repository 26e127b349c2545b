/**
 * The hash of a file while it is written. Of a large one it is computed beside the download, on another thread.
 * @module
 */
import { blobHash, hashBlob, hashFile } from "./blob_hash.ts";
import type { HashAnswer, HashRequest } from "./_hash_worker.ts";

/** A hash that follows a file which grows at its end. */
export interface FileHash extends Disposable {
  /** Takes what the file holds already, of which nothing has been taken. */
  takeUp(file: Deno.FsFile, options: { signal?: AbortSignal | undefined }): Promise<void>;
  /** Takes bytes that have been written at the end. */
  add(bytes: Uint8Array): void;
  /** Begins anew, with an empty file. */
  restart(): void;
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
 * Begins to hash a file that exists.
 *
 * @param options.inBackground whether on another thread; where left out, large files are
 */
export function openFileHash(
  path: string,
  { inBackground, ...options }: FileHashOptions & { inBackground?: boolean | undefined },
): FileHash {
  return inBackground ?? options.size >= largeBytes ? new BackgroundHash(path, options) : new PlainHash(options);
}

class PlainHash implements FileHash {
  readonly #options: FileHashOptions;
  #hash;

  constructor(options: FileHashOptions) {
    this.#options = options;
    this.#hash = blobHash(options.expected, options);
  }

  async takeUp(file: Deno.FsFile, { signal }: { signal?: AbortSignal | undefined }): Promise<void> {
    await hashFile(file, this.#hash, signal ? { signal } : {});
  }

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  restart(): void {
    this.#hash = blobHash(this.#options.expected, this.#options);
  }

  digest(): Promise<string> {
    return Promise.resolve(this.#hash.copy().digest("hex"));
  }

  [Symbol.dispose](): void {}
}

/** One thread for all files that are being hashed; it ends with the last of them. */
class HashThread {
  static #shared: HashThread | undefined;

  readonly #worker = new Worker(new URL("./_hash_worker.ts", import.meta.url), { type: "module" });
  readonly #asked = new Map<number, (hash: string | undefined) => void>();
  readonly #users = new Set<number>();
  #ids = 0;
  #isBroken = false;

  private constructor() {
    this.#worker.addEventListener("message", ({ data: { id, hash } }: MessageEvent<HashAnswer>) => {
      this.#asked.get(id)?.(hash);
      this.#asked.delete(id);
    });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#isBroken = true;
      for (const answer of this.#asked.values()) answer(undefined);
      this.#asked.clear();
    });
  }

  static enter(): { thread: HashThread; id: number } {
    const thread = HashThread.#shared ??= new HashThread();
    const id = thread.#ids++;
    thread.#users.add(id);
    return { thread, id };
  }

  tell(request: HashRequest): void {
    if (!this.#isBroken) this.#worker.postMessage(request);
  }

  /** `undefined` where the thread has failed. */
  async digest(id: number): Promise<string | undefined> {
    if (this.#isBroken) return undefined;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#asked.set(id, resolve);
    this.tell({ id, type: "digest" });
    return await promise;
  }

  leave(id: number): void {
    this.tell({ id, type: "close" });
    this.#users.delete(id);
    if (this.#users.size > 0) return;
    this.#worker.terminate();
    if (HashThread.#shared === this) HashThread.#shared = undefined;
  }
}

class BackgroundHash implements FileHash {
  readonly #path: string;
  readonly #options: FileHashOptions;
  readonly #thread: HashThread;
  readonly #id: number;
  #at = 0;

  constructor(path: string, options: FileHashOptions) {
    this.#path = path;
    this.#options = options;
    const { thread, id } = HashThread.enter();
    this.#thread = thread;
    this.#id = id;
    thread.tell({ id, type: "open", path, ...options });
  }

  async takeUp(file: Deno.FsFile): Promise<void> {
    this.#reach((await file.stat()).size);
    await file.seek(0, Deno.SeekMode.End);
  }

  add(bytes: Uint8Array): void {
    this.#reach(this.#at + bytes.byteLength);
  }

  restart(): void {
    this.#at = 0;
    this.#thread.tell({ id: this.#id, type: "restart" });
  }

  async digest(): Promise<string> {
    return await this.#thread.digest(this.#id) ?? await hashBlob(this.#path, this.#options);
  }

  [Symbol.dispose](): void {
    this.#thread.leave(this.#id);
  }

  #reach(at: number): void {
    this.#at = at;
    this.#thread.tell({ id: this.#id, type: "reach", at });
  }
}
