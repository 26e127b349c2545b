/**
 * Names of the files that a command writes, settled before any work starts.
 * @module
 */
import { basename, dirname, extname, join } from "node:path";
import { ConfigError } from "../errors.ts";
import { type ImageFormat, imageFormats } from "../images/format.ts";
import { quote } from "../weights/quote.ts";
import { exitCodeOf, exitCodes } from "./_errors.ts";

/** File types that a command writes: pictures, and the state between two stages. */
export type FileType = ImageFormat | "safetensors";

/** What the name of one file is made from. */
export interface NameParts {
  readonly prompt: string;
  readonly seed: number;
  /** Place among all pictures of the command, from 0. */
  readonly index: number;
}

/** Where the files of a command go. */
export type OutputPlan =
  /** Standard output: one picture's bytes. */
  | { readonly kind: "stdout"; readonly type: FileType }
  /** Names of our choice in `folder`; a taken one gets `-2`, `-3` … */
  | { readonly kind: "free"; readonly folder: string; readonly type: FileType }
  /** Names of the user's choice, one a file, all different. */
  | { readonly kind: "fixed"; readonly paths: readonly string[]; readonly type: FileType };

const longestPrompt = 60;

/**
 * A prompt as a part of a file name: letters, digits and `-`, at most 60 bytes of UTF-8.
 *
 * @returns `"picture"` where the prompt has neither letters nor digits
 */
export function promptName(prompt: string): string {
  const reduced = prompt.toWellFormed().normalize("NFC").replace(/[^\p{L}\p{Nd}]+/gu, "-").replace(/^-+/, "");
  const encoder = new TextEncoder();
  let name = "";
  let bytes = 0;
  for (const character of reduced) {
    bytes += encoder.encode(character).byteLength;
    if (bytes > longestPrompt) break;
    name += character;
  }
  return name.replace(/-+$/, "") || "picture";
}

const placeholder = /\{([a-zA-Z_]+)\}/g;

/**
 * Fills the placeholders `{prompt}`, `{seed}` and `{index}` of a name.
 *
 * @throws {ConfigError} where it has another placeholder
 */
export function fillPattern(pattern: string, { prompt, seed, index }: NameParts): string {
  const values = new Map([["prompt", promptName(prompt)], ["seed", String(seed)], ["index", String(index)]]);
  return pattern.replace(placeholder, (whole, key: string) => {
    const value = values.get(key);
    if (value !== undefined) return value;
    throw new ConfigError(`Expected {prompt}, {seed} or {index} in --output but found ${quote(whole)}`);
  });
}

/** The name that a file gets where the user gives none. */
export function defaultName(parts: Pick<NameParts, "prompt" | "seed">, type: FileType): string {
  return `${promptName(parts.prompt)}-${parts.seed}.${type}`;
}

/** The path itself where nothing has that name, else the first of `a-2.png`, `a-3.png` … that is free. */
export async function freePath(path: string): Promise<string> {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  for (let candidate = path, n = 2;; candidate = `${stem}-${n++}${extension}`) {
    if (!await exists(candidate)) return candidate;
  }
}

/** Whether anything has this name, a link that leads nowhere included. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (!isImpossibleName(error)) throw error;
    throw new ConfigError(`Cannot write ${quote(path)}: the name is too long or not allowed here`, { cause: error });
  }
}

/** Whether the system says that nothing can have a name. */
function isImpossibleName(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return code === "ENAMETOOLONG" || code === "EINVAL" || /name too long/i.test(message ?? "");
}

const typeOfExtension: Readonly<Record<string, FileType>> = {
  ".png": "png",
  ".jpg": "jpg",
  ".jpeg": "jpg",
  ".webp": "webp",
  ".safetensors": "safetensors",
};

/** Settles type and extension of an output; `types` are those that the command can write now, the default first. */
function settleType(
  pattern: string,
  { format, types }: { format: FileType | undefined; types: readonly FileType[] },
): { pattern: string; type: FileType } {
  const extension = extname(pattern);
  const known = typeOfExtension[extension.toLowerCase()];
  if (known !== undefined && types.includes(known)) {
    if (format === undefined || format === known) return { pattern, type: known };
    throw new ConfigError(`Expected --output to end with .${format} as --format says but found ${quote(extension)}`);
  }
  // "v1.5" has no file type at its end; ".gif" has one that is not ours.
  if (known !== undefined || /^\.[a-z][a-z0-9]{1,10}$/i.test(extension)) {
    const endings = types.map((type) => `.${type}`).join(" or ");
    throw new ConfigError(`Expected --output to end with ${endings} but found ${quote(extension)}`);
  }
  const type = format ?? types[0]!;
  return { pattern: `${pattern}.${type}`, type };
}

/** Flags that say where files go. */
export interface OutputFlags {
  /** Value of `--output`. */
  output?: string | undefined;
  format?: ImageFormat | undefined;
  /** What pictures are where neither says it; `png` where left out. */
  usual?: ImageFormat | undefined;
  force: boolean;
  /** Writes the state between two stages in place of pictures. */
  handOver: boolean;
}

/**
 * Settles where each file of a command goes, and refuses names that cannot be written.
 *
 * @param files what each file is named after, in the order in which they are made
 * @throws {ConfigError} where a name is taken and `force` is not set, two files would share a name, the extension is no
 * file type or contradicts `format`, or the folder does not exist
 * @throws {Deno.errors.PermissionDenied | Deno.errors.NotCapable} where the folder may not be written
 */
export async function planOutput(files: readonly NameParts[], flags: OutputFlags): Promise<OutputPlan> {
  const { output, format, usual = "png", force, handOver } = flags;
  if (handOver && format !== undefined) {
    throw new ConfigError("Expected no --format with --stop-after: it writes safetensors, not a picture");
  }
  const pictures = [usual, ...imageFormats.filter((type) => type !== usual)];
  const types: readonly FileType[] = handOver ? ["safetensors"] : pictures;
  if (output === "-") {
    if (handOver) throw new ConfigError("Expected a file name for --output with --stop-after but found -");
    if (files.length !== 1) {
      throw new ConfigError(`Expected one picture for --output - but this makes ${files.length}: name files instead`);
    }
    return { kind: "stdout", type: format ?? usual };
  }
  if (output === "") throw new ConfigError("Expected a file name for --output but found nothing");
  if (output === undefined || await isFolder(output)) {
    const folder = output ?? ".";
    await checkFolder(folder);
    return { kind: "free", folder, type: format ?? types[0]! };
  }
  const found = await Deno.stat(output).catch(() => undefined);
  if (found?.isFile === false) {
    throw new ConfigError(`Cannot write ${quote(output)}: it is not a regular file, use -o - and a redirection`);
  }
  const { pattern, type } = settleType(output, { format, types });
  const paths = files.map((parts) => fillPattern(pattern, parts));
  const twice = paths.find((path, i) => paths.indexOf(path) < i);
  if (twice !== undefined) {
    throw new ConfigError(
      `Expected a name for each of the ${paths.length} files but --output gives ${quote(twice)} twice: ` +
        "add {index}, {seed} or {prompt} to it",
    );
  }
  for (const folder of new Set(paths.map((path) => dirname(path)))) await checkFolder(folder);
  for (const path of paths) await checkFree(path, { flag: "--output", force });
  return { kind: "fixed", paths, type };
}

/**
 * Refuses a file name of the user's choice that is taken.
 *
 * @throws {ConfigError} where something has the name and `force` is not set, or it is no regular file
 */
export async function checkFree(path: string, { flag, force }: { flag: string; force: boolean }): Promise<void> {
  if (basename(path) === "" || path.endsWith("/")) {
    throw new ConfigError(`Expected a file name for ${flag} but found ${quote(path)}: there is no such folder`);
  }
  if (!await exists(path)) return;
  if (!force) throw new ConfigError(`Cannot write ${quote(path)}: it exists, use --force or another name`);
  const found = await Deno.stat(path).catch(() => undefined);
  if (found?.isFile === false) throw new ConfigError(`Cannot write ${quote(path)}: it is not a regular file`);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    const isNone = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
    if (isNone || isImpossibleName(error)) return false;
    throw error;
  }
}

/** Finds out whether a file can be made in a folder while nothing is lost yet. */
export async function checkFolder(folder: string): Promise<void> {
  if (!await isFolder(folder)) throw new ConfigError(`Expected the folder ${quote(folder)} to exist: make it first`);
  const allowed = await Deno.permissions.request({ name: "write", path: folder });
  if (allowed.state !== "granted") {
    throw new Deno.errors.NotCapable(`Cannot write to ${quote(folder)}: run with --allow-write=${folder}`);
  }
  // Only a file that is really made tells of read-only disks and of rights that mode bits do not show.
  const probe = join(folder, `.${crypto.randomUUID()}.tmp`);
  try {
    (await Deno.open(probe, { write: true, createNew: true })).close();
  } catch (cause) {
    throw explainProbe(cause, folder);
  }
  await Deno.remove(probe);
}

/** What it means that no file can be made in a folder. */
function explainProbe(cause: unknown, folder: string): unknown {
  const { code } = cause as { code?: string };
  if (cause instanceof Deno.errors.PermissionDenied || code === "EROFS" || code === "EPERM") {
    return new Deno.errors.PermissionDenied(
      `Cannot write to ${quote(folder)}: the folder is read-only, choose another`,
      { cause },
    );
  }
  // A full disk and too many open files have nothing to do with the name.
  if (exitCodeOf(cause) !== exitCodes.internal) return cause;
  // /proc and the like know no new files, and say so in many ways.
  const detail = code ?? (cause instanceof Error ? cause.name : "no reason given");
  return new ConfigError(`Cannot write to ${quote(folder)}: no file can be made there (${detail}), choose another`, {
    cause,
  });
}

/** The path of a file with a name of our choice: the default name, or the next free one after it. */
export function freeDefaultPath(folder: string, parts: NameParts, type: FileType): Promise<string> {
  return freePath(join(folder, defaultName(parts, type)));
}
