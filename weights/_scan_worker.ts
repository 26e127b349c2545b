/**
 * Reads checkpoints on a thread of its own: the main one is deaf while ONNX Runtime computes, and would be while it hashes.
 * @module
 */
import { type Scan, scanFiles, type ScanSource } from "./scan.ts";

/** What the worker tells. */
export type ScanMessage =
  | { readonly type: "read"; readonly bytes: number }
  | { readonly type: "scans"; readonly scans: readonly Scan[] }
  | { readonly type: "error"; readonly name: string; readonly message: string };

/** The part of a worker's global scope that is used here; the compiler's library describes a page's. */
const scope = globalThis as unknown as {
  postMessage(message: ScanMessage): void;
  onmessage: ((event: { data: readonly ScanSource[] }) => void) | null;
};

/** Bytes between two messages. */
const reportBytes = 1 << 24;

scope.onmessage = async ({ data }) => {
  try {
    const scans: Scan[] = [];
    let unsaid = 0;
    const onRead = (bytes: number) => {
      unsaid += bytes;
      if (unsaid < reportBytes) return;
      scope.postMessage({ type: "read", bytes: unsaid });
      unsaid = 0;
    };
    for (const source of data) scans.push(await scanFiles(source, { onRead }));
    scope.postMessage({ type: "scans", scans });
  } catch (error) {
    const { name, message } = error as Error;
    scope.postMessage({ type: "error", name, message });
  }
};
