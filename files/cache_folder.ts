/**
 * Where this program may keep what it can compute again.
 * @module
 */
import { isAbsolute, join } from "node:path";

/**
 * The user's folder for it: `$XDG_CACHE_HOME/wuerstchen`, else the system's own (`~/.cache`, `~/Library/Caches`,
 * `%LOCALAPPDATA%`). It need not exist.
 *
 * @returns `undefined` where the environment says no folder or may not be asked (`--allow-env`)
 */
export async function userCacheFolder(): Promise<string | undefined> {
  const shared = await variable("XDG_CACHE_HOME");
  // The specification has relative paths ignored.
  if (shared !== undefined && isAbsolute(shared)) return join(shared, "wuerstchen");
  if (Deno.build.os === "windows") {
    const local = await variable("LOCALAPPDATA");
    return local === undefined ? undefined : join(local, "wuerstchen", "cache");
  }
  const home = await variable("HOME");
  if (home === undefined || !isAbsolute(home)) return undefined;
  return join(home, ...(Deno.build.os === "darwin" ? ["Library", "Caches"] : [".cache"]), "wuerstchen");
}

/** An environment variable that is set and may be read; nobody is asked for leave. */
async function variable(name: string): Promise<string | undefined> {
  const { state } = await Deno.permissions.query({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) || undefined : undefined;
}
