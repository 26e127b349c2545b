/**
 * Where this program may keep what it can compute again, and what its user has settled.
 * @module
 */
import { isAbsolute, join } from "node:path";
import { environmentVariable } from "./environment_variable.ts";

/**
 * The user's folder for it: `$XDG_CACHE_HOME/wuerstchen`, else the system's own (`~/.cache`, `~/Library/Caches`,
 * `%LOCALAPPDATA%`). It need not exist.
 *
 * @returns `undefined` where the environment says no folder or may not be asked (`--allow-env`)
 */
export async function userCacheFolder(): Promise<string | undefined> {
  const shared = await environmentVariable("XDG_CACHE_HOME");
  // The specification has relative paths ignored.
  if (shared !== undefined && isAbsolute(shared)) return join(shared, "wuerstchen");
  if (Deno.build.os === "windows") {
    const local = await environmentVariable("LOCALAPPDATA");
    return local === undefined ? undefined : join(local, "wuerstchen", "cache");
  }
  const home = await environmentVariable("HOME");
  if (home === undefined || !isAbsolute(home)) return undefined;
  return join(home, ...(Deno.build.os === "darwin" ? ["Library", "Caches"] : [".cache"]), "wuerstchen");
}

/**
 * The user's folder of settings: `$XDG_CONFIG_HOME/wuerstchen`, else the system's own (`~/.config`,
 * `~/Library/Application Support`, `%APPDATA%`). It need not exist.
 *
 * @returns `undefined` where the environment says no folder or may not be asked (`--allow-env`)
 */
export async function userSettingsFolder(): Promise<string | undefined> {
  const shared = await environmentVariable("XDG_CONFIG_HOME");
  if (shared !== undefined && isAbsolute(shared)) return join(shared, "wuerstchen");
  if (Deno.build.os === "windows") {
    const roaming = await environmentVariable("APPDATA");
    return roaming === undefined ? undefined : join(roaming, "wuerstchen");
  }
  const home = await environmentVariable("HOME");
  if (home === undefined || !isAbsolute(home)) return undefined;
  return join(home, ...(Deno.build.os === "darwin" ? ["Library", "Application Support"] : [".config"]), "wuerstchen");
}
