/**
 * Hashes files that are being written, on a thread of its own: what has been written is read again, out of the system's cache.
 * @module
 */
import type { Hash } from "node:crypto";
import { blobHash } from "./blob_hash.ts";

/** What the worker is told of a file, in order. */
export type HashRequest =
  | {
    readonly id: number;
    readonly type: "open";
    readonly path: string;
    readonly expected: string;
    readonly size: number;
  }
  /** Bytes of the file that are there by now. */
  | { readonly id: number; readonly type: "reach"; readonly at: number }
  | { readonly id: number; readonly type: "restart" | "digest" | "close" };

/** What it answers to `digest`; no hash where the file could not be read. */
export interface HashAnswer {
  readonly id: number;
  readonly hash: string | undefined;
}

/** The part of a worker's global scope that is used here; the compiler's library describes a page's. */
const scope = globalThis as unknown as {
  postMessage(answer: HashAnswer): void;
  onmessage: ((event: { data: HashRequest }) => void) | null;
};

const buffer = new Uint8Array(1 << 20);

/** One file, as far as it is hashed. */
class FollowedFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #begin: () => Hash;
  #hash: Hash;
  #done = 0;

  constructor({ path, expected, size }: Extract<HashRequest, { type: "open" }>) {
    this.#file = Deno.openSync(path);
    this.#begin = () => blobHash(expected, { size });
    this.#hash = this.#begin();
  }

  reach(at: number): void {
    while (this.#done < at) {
      const count = this.#file.readSync(buffer.subarray(0, Math.min(buffer.length, at - this.#done)));
      if (count === null) throw new Error("the file became shorter");
      this.#hash.update(buffer.subarray(0, count));
      this.#done += count;
    }
  }

  restart(): void {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#hash = this.#begin();
    this.#done = 0;
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

const files = new Map<number, FollowedFile>();

function drop(id: number): void {
  files.get(id)?.[Symbol.dispose]();
  files.delete(id);
}

scope.onmessage = ({ data }) => {
  const { id } = data;
  const file = files.get(id);
  try {
    if (data.type === "open") files.set(id, new FollowedFile(data));
    else if (data.type === "reach") file?.reach(data.at);
    else if (data.type === "restart") file?.restart();
    else if (data.type === "digest") scope.postMessage({ id, hash: file?.digest() });
    else drop(id);
  } catch {
    // Without its file the answer will be that there is no hash, and whoever asks reads the file himself.
    drop(id);
  }
};
