/**
 * The two hashes that a hub knows its files by.
 * @module
 */
import { createHash, type Hash } from "node:crypto";

/**
 * Begins the hash that has the form of `expected`: sha256 of 64 digits, or git's sha1 of a blob of 40.
 *
 * @param options.size bytes of the file: git's hash begins with them
 */
export function blobHash(expected: string, { size }: { size: number }): Hash {
  if (expected.length === 64) return createHash("sha256");
  return createHash("sha1").update(`blob ${size}\0`);
}

/** Hash of a whole file in the form of `expected`, in pieces of a megabyte. */
export async function hashBlob(
  path: string,
  { expected, onBytes, signal }: {
    expected: string;
    onBytes?: ((bytes: number) => void) | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<string> {
  using file = await Deno.open(path);
  const hash = blobHash(expected, { size: (await file.stat()).size });
  await hashFile(file, hash, { ...(onBytes && { onBytes }), ...(signal && { signal }) });
  return hash.digest("hex");
}

/** Hashes what is left of an open file. */
export async function hashFile(
  file: Deno.FsFile,
  hash: Hash,
  { onBytes, signal }: { onBytes?: (bytes: number) => void; signal?: AbortSignal } = {},
): Promise<void> {
  const buffer = new Uint8Array(1 << 20);
  for (let count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
    signal?.throwIfAborted();
    hash.update(buffer.subarray(0, count));
    onBytes?.(count);
  }
}

/** Hashes a file in one go, on a thread that may wait for it. */
export function hashFileSync(path: string, hash: Hash): void {
  using file = Deno.openSync(path);
  const buffer = new Uint8Array(1 << 20);
  for (let count = file.readSync(buffer); count !== null; count = file.readSync(buffer)) {
    hash.update(buffer.subarray(0, count));
  }
}
