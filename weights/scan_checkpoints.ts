/**
 * Hashes of a model's weights: out of the cache where they are known, else by one pass that does not hold up the main thread.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { ScanMessage } from "./_scan_worker.ts";
import { type FileStamp, ScanCache, stampFiles } from "./scan_cache.ts";
import { type Scan, scanFiles, type ScanSource } from "./scan.ts";

/** Smaller checkpoints are hashed in a few milliseconds each time, which is no work to remember. */
const rememberedBytes = 4 << 20;

/** Less than this is read on the main thread: to start a worker takes as long. */
const workerBytes = 16 << 20;

/** Options of {@linkcode scanCheckpoints}. */
export interface ScanCheckpointsOptions {
  /** JSON file of the cache; without it nothing is remembered. */
  cacheFile?: string | undefined;
  /** Is told how many of all bytes are read; not called where all is known. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  /** Stops the pass. */
  signal?: AbortSignal | undefined;
  /** Size in bytes from which a checkpoint is remembered; for tests. */
  remembered?: number;
}

/**
 * Finds hash and damaged tensors of each checkpoint.
 *
 * @throws {CheckpointError} where a file is not, or no longer, the one that was opened
 */
export async function scanCheckpoints<Name extends string>(
  checkpoints: Readonly<Record<Name, Checkpoint>>,
  { cacheFile, onProgress, signal, remembered = rememberedBytes }: ScanCheckpointsOptions = {},
): Promise<Record<Name, Scan>> {
  const cache = new ScanCache(cacheFile);
  const scans = new Map<string, Scan>();
  const unknown: { name: string; checkpoint: Checkpoint; files: FileStamp[] }[] = [];
  for (const [name, checkpoint] of Object.entries<Checkpoint>(checkpoints)) {
    await checkpoint.checkUnchanged();
    const files = await stampFiles(checkpoint.files);
    const known = checkpoint.bytes < remembered ? undefined : await cache.find(files);
    if (known) scans.set(name, known);
    else unknown.push({ name, checkpoint, files });
  }
  const total = unknown.reduce((sum, { checkpoint }) => sum + checkpoint.bytes, 0);
  let done = 0;
  const onRead = (bytes: number) => {
    signal?.throwIfAborted();
    // Headers are read too, and are no part of the total.
    done = Math.min(total, done + bytes);
    onProgress?.({ done, total });
  };
  const sources = unknown.map(({ checkpoint: { files, tensors } }) => ({ files, tensors }));
  const read = total < workerBytes ? await scanHere(sources, onRead) : await scanInWorker(sources, { onRead, signal });
  const added: { files: FileStamp[]; scan: Scan }[] = [];
  for (const [i, { name, checkpoint, files }] of unknown.entries()) {
    // What was hashed has to be what the network was checked against, and loads.
    await checkpoint.checkUnchanged();
    scans.set(name, read[i]!);
    if (checkpoint.bytes >= remembered) added.push({ files, scan: read[i]! });
  }
  await cache.add(added);
  // What is known comes in the same order as what was read: it goes into pictures, which are the same byte for byte.
  return Object.fromEntries(Object.keys(checkpoints).map((name) => [name, scans.get(name)!])) as Record<Name, Scan>;
}

async function scanHere(sources: readonly ScanSource[], onRead: (bytes: number) => void): Promise<Scan[]> {
  const scans: Scan[] = [];
  for (const source of sources) scans.push(await scanFiles(source, { onRead }));
  return scans;
}

async function scanInWorker(
  sources: readonly ScanSource[],
  { onRead, signal }: { onRead: (bytes: number) => void; signal: AbortSignal | undefined },
): Promise<readonly Scan[]> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL("./_scan_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<readonly Scan[]>();
  const stop = () => reject(signal!.reason);
  signal?.addEventListener("abort", stop, { once: true });
  worker.addEventListener("message", ({ data }: MessageEvent<ScanMessage>) => {
    if (data.type === "read") onRead(data.bytes);
    else if (data.type === "scans") resolve(data.scans);
    else reject(data.name === "CheckpointError" ? new CheckpointError(data.message) : new Error(data.message));
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    reject(new Error(`Cannot read the weights beside the main thread: ${event.message}`));
  });
  worker.postMessage(sources);
  try {
    return await promise;
  } finally {
    signal?.removeEventListener("abort", stop);
    worker.terminate();
  }
}
