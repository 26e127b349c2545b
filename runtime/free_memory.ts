/**
 * Memory that this process may still take.
 * @module
 */
import { join } from "node:path";

/** Reads a small file of the system; `undefined` where there is none, or the program may not. */
export type ReadText = (path: string) => Promise<string | undefined>;

/** Files of a control group, by version: its limit, what it uses, and which of that are mapped or cached files. */
const versions = {
  2: { limit: "memory.max", usage: "memory.current", files: ["active_file", "inactive_file"] },
  1: {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    files: ["total_active_file", "total_inactive_file"],
  },
} as const;

/** Limits from here on mean that there is none: version 1 writes the largest number of pages. */
const noLimit = 2 ** 60;

/**
 * Free memory in bytes with swap: the machine's, or what the control groups of this process (of a container, say) leave of it, whichever
 * is less. `undefined` where the program may not ask (`--allow-sys=systemMemoryInfo`).
 */
export async function freeMemory(): Promise<number | undefined> {
  const { state } = await Deno.permissions.query({ name: "sys", kind: "systemMemoryInfo" });
  if (state !== "granted") return undefined;
  const { available, swapFree } = Deno.systemMemoryInfo();
  return Math.min(available + swapFree, await freeInGroups(readIfAllowed));
}

/**
 * The least that any control group of this process leaves, up to the root (https://docs.kernel.org/admin-guide/cgroup-v2.html, and
 * cgroup-v1/memory.html). Files that the system can drop count as free. `Infinity` where nothing is limited.
 */
export async function freeInGroups(read: ReadText): Promise<number> {
  const lines = (await read("/proc/self/cgroup"))?.split("\n") ?? [];
  let least = Infinity;
  for (const line of lines) {
    // hierarchy:controllers:path, where version 2 names no controllers.
    const [, controllers, path] = /^\d+:([^:]*):(.+)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const version = controllers === "" ? 2 : controllers!.split(",").includes("memory") ? 1 : undefined;
    if (version === undefined) continue;
    const mount = version === 2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const names = path.split("/").filter((name) => name !== "" && name !== "..");
    for (let depth = names.length; depth >= 0; depth--) {
      least = Math.min(least, await freeInGroup(join(mount, ...names.slice(0, depth)), { version, read }));
    }
  }
  return least;
}

async function freeInGroup(
  folder: string,
  { version, read }: { version: keyof typeof versions; read: ReadText },
): Promise<number> {
  const files = versions[version];
  const number = async (name: string) => Number((await read(join(folder, name)))?.trim() || NaN);
  const [limit, usage] = [await number(files.limit), await number(files.usage)];
  // "max" is no number either.
  if (Number.isNaN(limit) || Number.isNaN(usage) || limit >= noLimit) return Infinity;
  const stat = await read(join(folder, "memory.stat")) ?? "";
  const droppable = files.files.reduce((sum, key) => {
    return sum + Number(new RegExp(`^${key} (\\d+)$`, "m").exec(stat)?.[1] ?? 0);
  }, 0);
  return Math.max(0, limit - Math.max(0, usage - droppable));
}

/** Asks nobody: without the permission there is no answer. */
async function readIfAllowed(path: string): Promise<string | undefined> {
  const { state } = await Deno.permissions.query({ name: "read", path });
  if (state !== "granted") return undefined;
  return await Deno.readTextFile(path).catch(() => undefined);
}
