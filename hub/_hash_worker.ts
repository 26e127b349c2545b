/**
 * Hashes files on a thread of its own while they come.
 * @module
 */
import type { Hash } from "node:crypto";
import { blobHash, hashFileSync } from "./blob_hash.ts";

/** What the worker is asked; each request is answered, in order. `file` tells files apart. */
export type HashRequest =
  & { readonly call: number; readonly file: number }
  & (
    | { readonly type: "open"; readonly expected: string; readonly size: number }
    | { readonly type: "takeUp"; readonly path: string }
    /** Memory that is handed over, and how many bytes of it are meant. */
    | { readonly type: "add"; readonly memory: ArrayBuffer; readonly length: number }
    | { readonly type: "restart" | "digest" | "close" }
  );

/** What it answers: the memory of `add`, the hash of `digest`; or what went wrong. */
export interface HashAnswer {
  readonly call: number;
  readonly value?: ArrayBuffer | string | undefined;
  readonly error?: string;
}

/** The part of a worker's global scope that is used here; the compiler's library describes a page's. */
const scope = globalThis as unknown as {
  postMessage(answer: HashAnswer, transfer: readonly Transferable[]): void;
  onmessage: ((event: { data: HashRequest }) => void) | null;
};

const files = new Map<number, { hash: Hash; readonly begin: () => Hash }>();

function answer(request: HashRequest): ArrayBuffer | string | undefined {
  if (request.type === "open") {
    const begin = () => blobHash(request.expected, request);
    files.set(request.file, { hash: begin(), begin });
    return undefined;
  }
  const file = files.get(request.file)!;
  switch (request.type) {
    case "takeUp":
      hashFileSync(request.path, file.hash);
      return undefined;
    case "add":
      file.hash.update(new Uint8Array(request.memory, 0, request.length));
      return request.memory;
    case "restart":
      file.hash = file.begin();
      return undefined;
    case "digest":
      return file.hash.copy().digest("hex");
    case "close":
      files.delete(request.file);
      return undefined;
  }
}

scope.onmessage = ({ data }) => {
  const { call } = data;
  try {
    const value = answer(data);
    scope.postMessage({ call, value }, value instanceof ArrayBuffer ? [value] : []);
  } catch (error) {
    scope.postMessage({ call, error: (error as Error).message }, []);
  }
};
