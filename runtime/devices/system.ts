/**
 * How a machine is asked what it has.
 * @module
 */
import { environmentVariable } from "../../files/environment_variable.ts";

/** Answers about a machine: `undefined` or nothing where there is no such thing, or the program may not look. */
export interface System {
  readonly os: typeof Deno.build.os;
  readonly arch: typeof Deno.build.arch;
  /** A file, or a part of one. */
  read(path: string, part?: { readonly offset: number; readonly length: number }): Promise<Uint8Array | undefined>;
  /** Names in a folder. */
  list(path: string): Promise<readonly string[]>;
  /** A variable that is set and not empty. */
  environment(name: string): Promise<string | undefined>;
}

const isAllowed = async (path: string) => (await Deno.permissions.query({ name: "read", path })).state === "granted";

/** The system that this program runs on, which is asked nothing that the program may not know. */
export const thisSystem: System = {
  os: Deno.build.os,
  arch: Deno.build.arch,
  environment: environmentVariable,
  async list(path) {
    if (!await isAllowed(path)) return [];
    return await Array.fromAsync(Deno.readDir(path), ({ name }) => name).catch(() => []);
  },
  async read(path, part) {
    if (!await isAllowed(path)) return undefined;
    if (part === undefined) return await Deno.readFile(path).catch(() => undefined);
    try {
      using file = await Deno.open(path);
      await file.seek(part.offset, Deno.SeekMode.Start);
      const bytes = new Uint8Array(Math.min(part.length, (await file.stat()).size));
      let end = 0;
      for (let count: number | null = 0; count !== null && end < bytes.length; end += count ?? 0) {
        count = await file.read(bytes.subarray(end));
      }
      return bytes.subarray(0, end);
    } catch {
      return undefined;
    }
  },
};
