/**
 * Writes results to standard output.
 * @module
 */
import { ResourceError } from "../errors.ts";
import { OutputClosedError } from "./_errors.ts";

/** What {@linkcode writeOut} writes to: standard output, or a stand-in for it. */
export interface Sink {
  writeSync(bytes: Uint8Array): number;
}

/**
 * Writes all bytes to standard output.
 *
 * @throws {OutputClosedError} where the other end is closed (`| head`)
 * @throws {ResourceError} where it leads to a full disk
 */
export function writeOut(data: Uint8Array | string, sink: Sink = Deno.stdout): void {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  try {
    for (let at = 0; at < bytes.byteLength;) at += sink.writeSync(bytes.subarray(at));
  } catch (cause) {
    if (cause instanceof Deno.errors.BrokenPipe) throw new OutputClosedError("Standard output is closed", { cause });
    if ((cause as { code?: string }).code !== "ENOSPC") throw cause;
    throw new ResourceError("Cannot write to standard output: the disk is full; free some space", { cause });
  }
}
