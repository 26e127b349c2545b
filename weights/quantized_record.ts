/**
 * Notes beside cached weights in fewer bits what they were made from and when they were last used, so that they can be listed without
 * being opened.
 * @module
 */
import { resolve } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../files/atomic_write.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { type Precision, precisions } from "./precision.ts";
import { readJson } from "./read_json.ts";

const recordSchema = z.object({
  precision: z.enum(precisions),
  /** Folder of the network. */
  folder: z.string(),
  /** Real paths of its files. */
  files: z.array(z.string()),
  used: z.iso.datetime(),
});

/** What is noted of cached weights; `used` in ISO 8601. */
export type QuantizedRecord = z.output<typeof recordSchema>;

/** Milliseconds in which one note of a use is enough. */
const noteInterval = 24 * 3600 * 1000;

/** Path of the note beside a file. */
export function recordPath(file: string): string {
  return `${file}.json`;
}

/** What is noted of a file; `undefined` where that is nothing or nothing that can be read. */
export async function readRecord(file: string): Promise<QuantizedRecord | undefined> {
  return recordSchema.safeParse(await readJson(recordPath(file)).catch(() => undefined)).data;
}

/** Notes that a file is used. What cannot be written is left out: such a file counts as last used when it was made. */
export async function noteUse(
  file: string,
  { checkpoint, precision, now = Date.now() }: {
    checkpoint: Pick<Checkpoint, "folder" | "files">;
    precision: Precision;
    now?: number | undefined;
  },
): Promise<void> {
  const path = recordPath(file);
  if ((await Deno.permissions.query({ name: "write", path })).state !== "granted") return;
  const record = { precision, folder: resolve(checkpoint.folder), files: [...checkpoint.files] };
  const { used, ...known } = await readRecord(file) ?? { used: undefined };
  const isRecent = used !== undefined && now - Date.parse(used) < noteInterval;
  // The same weights may lie in another place by now.
  if (isRecent && JSON.stringify(known) === JSON.stringify(record)) return;
  const text = JSON.stringify({ ...record, used: new Date(now).toISOString() });
  await writeFileAtomic(path, new TextEncoder().encode(`${text}\n`), { force: true }).catch(() => {});
}
