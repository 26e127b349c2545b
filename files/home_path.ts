/**
 * Paths that are written into files which others may get: below the user's home folder they begin with `~`, so that they do not tell
 * its name, and hold on another machine with the same folders.
 * @module
 */
import { isAbsolute, join, relative, resolve } from "node:path";
import { homeFolder } from "./environment_variable.ts";

const hidden = /^~[\\/]/;

/** The absolute path of a file, `~` in the place of the home folder: `/home/ann/loras/ink.safetensors` is `~/loras/ink.safetensors`. */
export async function hideHome(path: string, { home }: { home?: string | undefined } = {}): Promise<string> {
  const absolute = resolve(path);
  const base = home ?? await homeFolder();
  if (base === undefined || !isAbsolute(base)) return absolute;
  const below = relative(base, absolute);
  return below === "" || below.startsWith("..") || isAbsolute(below) ? absolute : join("~", below);
}

/** The path that {@linkcode hideHome} was given; any other path stays as it is. */
export async function showHome(path: string, { home }: { home?: string | undefined } = {}): Promise<string> {
  const base = home ?? await homeFolder();
  return base === undefined || !hidden.test(path) ? path : join(base, path.slice(2));
}
