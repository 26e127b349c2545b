/**
 * The files that are downloaded: one large and many small ones, of numbers that nothing can compress.
 * @module
 */
import { dirname, join } from "node:path";
import { hashBlob } from "../../hub/blob_hash.ts";

/** Name of the repository that they make up, as `server.py` has it. */
export const benchModel = "bench/model";

/** A file of the repository. */
export interface BenchFile {
  readonly path: string;
  readonly size: number;
  /** Only of large files. */
  readonly sha256?: string;
  /** Git's sha1. */
  readonly git: string;
}

const block = 1 << 20;

/** Writes the files and `files.json` into a folder. */
export async function writeFiles(
  folder: string,
  { largeBytes, smallFiles, smallBytes }: { largeBytes: number; smallFiles: number; smallBytes: number },
): Promise<BenchFile[]> {
  const names = Array.from({ length: smallFiles }, (_, i) => `small/${i}.json`);
  const files = [await writeFile(folder, "large.safetensors", largeBytes)];
  for (const name of names) files.push(await writeFile(folder, name, smallBytes));
  await Deno.writeTextFile(join(folder, "files.json"), JSON.stringify(files));
  return files;
}

async function writeFile(folder: string, path: string, size: number): Promise<BenchFile> {
  const target = join(folder, path);
  await Deno.mkdir(dirname(target), { recursive: true });
  const bytes = new Uint8Array(block);
  {
    using file = await Deno.create(target);
    for (let left = size; left > 0; left -= block) {
      for (let at = 0; at < block; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
      for (let rest = bytes.subarray(0, Math.min(left, block)); rest.byteLength > 0;) {
        rest = rest.subarray(await file.write(rest));
      }
    }
  }
  const git = await hashBlob(target, { expected: "0".repeat(40) });
  const isLarge = path.endsWith(".safetensors");
  return { path, size, git, ...(isLarge ? { sha256: await hashBlob(target, { expected: "0".repeat(64) }) } : {}) };
}
