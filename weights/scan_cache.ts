/**
 * Remembers what passes over large weights have found, so that a file is hashed once and not once a run.
 * @module
 */
import { dirname } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { readJson } from "./read_json.ts";
import type { Scan } from "./scan.ts";

const stampSchema = z.object({
  path: z.string(),
  size: z.number(),
  mtime: z.number(),
  ctime: z.number(),
  inode: z.number(),
});
const entrySchema = z.object({
  files: z.array(stampSchema),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  nonFinite: z.array(z.string()),
});
const cacheSchema = z.object({ version: z.literal(1), scans: z.array(entrySchema) });

/** What tells one state of a file from another without reading it; times in milliseconds. */
export type FileStamp = z.output<typeof stampSchema>;

type Entry = z.output<typeof entrySchema>;

/** Most checkpoints that are remembered; the oldest goes first. */
const maxEntries = 200;

/** Most damaged tensors that are worth a place. */
const maxNames = 1000;

/** Milliseconds within which a file may have been written twice under one time of its clock. */
const clockTick = 2000;

/** The present state of files. */
export async function stampFiles(paths: readonly string[]): Promise<FileStamp[]> {
  return await Promise.all(paths.map(async (path) => {
    const { size, mtime, ctime, ino } = await Deno.stat(path);
    return { path, size, mtime: mtime?.getTime() ?? 0, ctime: ctime?.getTime() ?? 0, inode: ino ?? 0 };
  }));
}

const sameStamps = (a: readonly FileStamp[], b: readonly FileStamp[]) => JSON.stringify(a) === JSON.stringify(b);

/** Results of passes in one JSON file. A file that is missing, damaged or may not be written is no error: then nothing is remembered. */
export class ScanCache {
  readonly #path: string | undefined;

  /** @param path the JSON file; without one nothing is remembered */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** What a pass over files in exactly this state has found. */
  async find(files: readonly FileStamp[]): Promise<Scan | undefined> {
    const entry = (await this.#read()).find((entry) => sameStamps(entry.files, files));
    return entry && { hash: entry.hash, nonFinite: entry.nonFinite };
  }

  /** Remembers what passes have found, each with the state of its files before and after it. */
  async add(found: readonly { files: readonly FileStamp[]; scan: Scan }[]): Promise<void> {
    const now = Date.now();
    const added = found.filter(({ files, scan }) =>
      scan.nonFinite.length <= maxNames &&
      files.every(({ mtime, ctime }) => now - Math.max(mtime, ctime) > clockTick)
    );
    if (added.length === 0 || this.#path === undefined || !await mayWrite(dirname(this.#path))) return;
    const paths = (files: readonly FileStamp[]) => files.map(({ path }) => path).join("\0");
    const replaced = new Set(added.map(({ files }) => paths(files)));
    const kept = (await this.#read()).filter(({ files }) => !replaced.has(paths(files)));
    const scans = [...kept, ...added.map(({ files, scan }) => ({ files, ...scan }))].slice(-maxEntries);
    try {
      await Deno.mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      const text = `${JSON.stringify({ version: 1, scans })}\n`;
      await writeFileAtomic(this.#path, new TextEncoder().encode(text), { force: true });
    } catch {
      // A read-only home or a full disk costs the next run a pass, nothing more.
    }
  }

  async #read(): Promise<Entry[]> {
    if (this.#path === undefined) return [];
    const { state } = await Deno.permissions.query({ name: "read", path: this.#path });
    if (state !== "granted") return [];
    const json = await readJson(this.#path).catch(() => undefined);
    const result = cacheSchema.safeParse(json);
    return result.success ? result.data.scans : [];
  }
}

/** Nobody is asked for leave to write a cache. */
async function mayWrite(folder: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "write", path: folder })).state === "granted";
}
