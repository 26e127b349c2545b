/**
 * Which weights in fewer bits the user's cache folder holds.
 * @module
 */
import { join } from "node:path";
import type { Precision } from "./precision.ts";
import { quantizedFolder } from "./quantized_cache.ts";
import { readRecord, recordPath } from "./quantized_record.ts";

/** Weights in fewer bits in the cache folder. */
export interface QuantizedWeightsFile {
  /** First digits of its name. */
  readonly name: string;
  /** The file and what lies beside for it alone. */
  readonly paths: readonly string[];
  readonly bytes: number;
  /** When it was last used, to a day; where nothing notes it, when it was made. */
  readonly used: Date;
  /** Nothing where a file is not complete, or of a version that noted nothing. */
  readonly precision: Precision | undefined;
  /** Folder of the network that it was made from. */
  readonly folder: string | undefined;
  /** Whether the files that it was made from are known to be there no longer. */
  readonly isOrphan: boolean;
  /** Whether a process that was killed has left it half written, or is just writing it. */
  readonly isPartial: boolean;
}

/** Lists what `cacheFolder` holds, the largest first; a folder that is not there is empty. */
export async function listQuantized(cacheFolder: string): Promise<QuantizedWeightsFile[]> {
  const folder = quantizedFolder(cacheFolder);
  const found: QuantizedWeightsFile[] = [];
  for (const file of await namesIn(folder)) {
    const isPartial = file.endsWith(".tmp");
    if (!isPartial && !file.endsWith(".safetensors")) continue;
    const path = join(folder, file);
    const info = await Deno.stat(path).catch(() => undefined);
    if (!info?.isFile) continue;
    const record = isPartial ? undefined : await readRecord(path);
    const gone = await Promise.all((record?.files ?? []).map(async (source) => !await isThere(source)));
    found.push({
      name: file.replace(/^\./, "").slice(0, 12),
      paths: isPartial ? [path] : [path, recordPath(path)],
      bytes: info.size,
      used: record ? new Date(record.used) : info.mtime ?? new Date(),
      precision: record?.precision,
      folder: record?.folder,
      isOrphan: gone.includes(true),
      isPartial,
    });
  }
  return found.sort((a, b) => b.bytes - a.bytes);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

/** Whether a file is there, or at least nobody says that it is not. */
async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, (error) => !(error instanceof Deno.errors.NotFound));
}
