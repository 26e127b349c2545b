/**
 * Keeps a folder of files that are known by their hashes: what is missing or differs is written anew.
 * @module
 */
import { dirname, join } from "node:path";
import { PermissionError, ResourceError } from "../errors.ts";
import { isDiskFull, writeFileAtomic } from "./atomic_write.ts";
import { gunzip } from "./gunzip.ts";

/** A file by its place and its content. */
export interface KnownFile {
  /** Below the folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
  /** File that has it compressed by gzip, in the place of one in the folder that it comes from. */
  readonly packed?: string;
}

/** Where files come from and go to. */
export interface UnpackOptions {
  /** Folder that they are read from. */
  readonly from: string;
  /** Folder that they are to lie in; made where it is missing. */
  readonly to: string;
  /** What they are, for messages. */
  readonly name: string;
}

/**
 * Makes a folder hold some files. Every file is compared by its hash each time, and replaced whole where it differs, so that two programs
 * may do so at once, and one that was stopped half-way leaves nothing that counts.
 *
 * @throws {PermissionError} where the folder cannot be written
 * @throws {ResourceError} where the disk is full
 * @throws {Error} where a file to be read is not the one that it should be
 */
export async function unpackFiles(files: readonly KnownFile[], { from, to, name }: UnpackOptions): Promise<void> {
  await Promise.all(files.map(async (file) => {
    const target = join(to, file.path);
    if (await isIntact(target, file)) return;
    try {
      await Deno.mkdir(dirname(target), { recursive: true, mode: 0o700 });
      const bytes = await readSource(file, from);
      if (bytes.byteLength !== file.bytes || await sha256(bytes) !== file.sha256) {
        throw new Error(`${file.path} in this program is damaged: install it again`);
      }
      // A link would be followed. A file is left there until it is replaced: another program may be about to load it.
      if ((await Deno.lstat(target).catch(() => undefined))?.isSymlink) await Deno.remove(target);
      await place(bytes, target, file);
    } catch (error) {
      throw explained(error, { name, to });
    }
  }));
}

/**
 * Writes a file. One that is there by now is another program's, which may use it already: it is replaced only if it is not what it
 * should be.
 */
async function place(bytes: Uint8Array, target: string, file: KnownFile): Promise<void> {
  try {
    await writeFileAtomic(target, bytes);
  } catch (error) {
    if (!await Deno.lstat(target).then(() => true, () => false)) throw error;
    if (!await isIntact(target, file)) await writeFileAtomic(target, bytes, { force: true });
  }
}

async function readSource({ path, packed }: KnownFile, from: string): Promise<Uint8Array<ArrayBuffer>> {
  return packed === undefined ? await Deno.readFile(join(from, path)) : await gunzip(await Deno.readFile(packed));
}

/** Whether a file is there, no link, and has its content. */
async function isIntact(path: string, { bytes, sha256: wanted }: KnownFile): Promise<boolean> {
  const found = await Deno.lstat(path).catch(() => undefined);
  if (!found?.isFile || found.size !== bytes) return false;
  const content = await Deno.readFile(path).catch(() => undefined);
  return content !== undefined && await sha256(content) === wanted;
}

/** Digests run beside the program, one thread a file. */
async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const advice = "set XDG_CACHE_HOME to another folder";

/** What an error of the system means for who has never heard of this folder. */
function explained(cause: unknown, { name, to }: { name: string; to: string }): unknown {
  if (!(cause instanceof Error)) return cause;
  const { code } = cause as { code?: string };
  if (isDiskFull(cause) || cause instanceof ResourceError) {
    return new ResourceError(`Cannot unpack ${name} into ${to}: the disk is full; free some space or ${advice}`, {
      cause,
    });
  }
  // A file in the place of a folder, or a home that is no folder, is as good as one that cannot be written.
  const blocked = ["EACCES", "EPERM", "EROFS", "ENOTDIR", "ENOENT", "EEXIST"].includes(code ?? "") ||
    ["PermissionDenied", "NotADirectory", "AlreadyExists", "NotFound", "ConfigError"].includes(cause.name);
  if (!blocked) return cause;
  return new PermissionError(`Cannot unpack ${name} into ${to}: that folder cannot be written; ${advice}`, { cause });
}
