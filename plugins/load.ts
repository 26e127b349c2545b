/**
 * Plugins from outside: a file, an npm package, or an address. What is loaded runs with all rights of the program, so that only what the
 * user has named is: by `--allow-plugin` or in their own settings file, never by a model, a picture or a request.
 * @module
 */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { z } from "zod";
import { ConfigError, PermissionError, PluginError } from "../errors.ts";
import type { Plugin } from "./define.ts";
import type { Registry } from "./registry.ts";

/** Whether a text names an outside plugin, and not a plugin that is known by its name. */
export function isSpecifier(text: string): boolean {
  return /^(npm:|https?:|file:)/.test(text) || /[/\\]/.test(text) || /\.[cm]?[jt]s$/.test(text);
}

/** Addresses of this machine, which no other one can stand in for. */
const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\//;

/**
 * What identifies an outside plugin, however it was written.
 *
 * @param specifier a path, `npm:name@version`, `https://…`, or `http://…` of this machine
 * @param options.folder what paths are relative to; the working folder where left out
 * @throws {ConfigError} where it is none of these
 */
export function canonicalSpecifier(specifier: string, { folder = Deno.cwd() }: { folder?: string } = {}): string {
  if (/^npm:\S+$/.test(specifier)) return specifier;
  if ((/^(https|file):/.test(specifier) || loopback.test(specifier)) && URL.canParse(specifier)) {
    return new URL(specifier).href;
  }
  if (/^[a-z][a-z\d+.-]+:/i.test(specifier)) {
    throw new ConfigError(`Expected a plugin as a path, npm:… or https://… but found ${JSON.stringify(specifier)}`);
  }
  return pathToFileURL(resolve(folder, specifier)).href;
}

/** How outside plugins are loaded. */
export interface LoadPluginOptions {
  /** What may be loaded: specifiers in their canonical form. */
  readonly allowed: ReadonlySet<string>;
  /** Imports a module; for tests. */
  readonly importModule?: (specifier: string) => Promise<unknown>;
}

/**
 * Loads an outside plugin into a registry, once.
 *
 * @param specifier in any form; see {@linkcode canonicalSpecifier}
 * @throws {PermissionError} where nobody has allowed it
 * @throws {PluginError} where it cannot be loaded, throws while it is, or is no plugin
 * @throws {ConfigError} where its name is taken
 */
export async function loadPlugin(
  specifier: string,
  registry: Registry,
  { allowed, importModule = importerOf(allowed) }: LoadPluginOptions,
): Promise<Plugin> {
  const source = canonicalSpecifier(specifier);
  const known = registry.list().find((entry) => entry.source === source);
  if (known) return known.plugin;
  if (!allowed.has(source)) {
    throw new PermissionError(
      `${specifier}: this plugin is not allowed to run; if you trust its code, add --allow-plugin ${specifier}`,
    );
  }
  let module: unknown;
  try {
    module = await importModule(source);
  } catch (error) {
    if (error instanceof PermissionError) throw error;
    throw new PluginError(`${specifier}: cannot be loaded: ${reasonOf(error)}`, { cause: error });
  }
  return registry.add((module as { default?: unknown } | undefined)?.default, { source });
}

/** Why a module cannot be imported, in a line. */
function reasonOf(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  if (!line.includes("lockfile is out of date")) return line;
  return "deno.lock does not know it: run this once with deno run --frozen=false, which writes it down there";
}

/** Imports modules as this program can: a compiled one from files alone, and what they import out of the folders of allowed plugins. */
function importerOf(allowed: ReadonlySet<string>): (specifier: string) => Promise<unknown> {
  if (!Deno.build.standalone) return (specifier) => import(specifier);
  return async (specifier) => {
    if (!specifier.startsWith("file:")) {
      throw new PluginError("a compiled program takes plugins from files; for npm: and https: run it from its source");
    }
    const files = [...allowed].filter((name) => name.startsWith("file:"));
    const roots = files.map((file) => dirname(fileURLToPath(file)));
    const { importFile } = await import("./import_file.ts");
    return await importFile(specifier, { roots });
  };
}

const settings = z.looseObject({ plugins: z.array(z.string()).optional() });

/** Folder of the user's own settings. */
export function settingsFolder(): string {
  const { env, build } = Deno;
  const own = env.get("XDG_CONFIG_HOME");
  if (own) return join(own, "wuerstchen");
  if (build.os === "windows") return join(env.get("APPDATA") ?? ".", "wuerstchen");
  return join(env.get("HOME") ?? ".", ".config", "wuerstchen");
}

/**
 * The plugins that the user's own settings file allows: the list `plugins` of `settings.json`, paths relative to its folder.
 *
 * @returns in their canonical form; none where there is no such file
 * @throws {ConfigError} where the file is damaged
 */
export async function allowedBySettings({ folder = settingsFolder() }: { folder?: string } = {}): Promise<string[]> {
  const file = join(folder, "settings.json");
  const text = await Deno.readTextFile(file).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (text === undefined) return [];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${file}: not valid JSON: ${(cause as Error).message}`, { cause });
  }
  const result = settings.safeParse(json);
  if (!result.success) throw new ConfigError(`${file}: "plugins": Expected a list of paths, npm:… or https://… names`);
  return (result.data.plugins ?? []).map((specifier) => canonicalSpecifier(specifier, { folder }));
}
