/**
 * Reads settings from a file in the format that its name says: `.json` and `.jsonc`, `.yaml` and `.yml`, `.toml`.
 * @module
 */
import { extname } from "node:path";
import { ConfigError } from "../errors.ts";
import { lineOf, readJsonc } from "./jsonc.ts";
import { readToml } from "./toml.ts";
import { readYaml } from "./yaml.ts";

/** Settings with what errors say about where they stand. */
export interface SettingsText {
  readonly json: Record<string, unknown>;
  /** Line of a setting, from 1, or of the innermost object that is there; undefined where it is not known. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

type Format = (text: string, options: { file: string }) => SettingsText;

const jsonc: Format = (text, { file }) => ({
  json: readJsonc(text, { file }),
  lineOf: (path) => lineOf(text, path),
});

const formats: Readonly<Record<string, Format>> = {
  ".json": jsonc,
  ".jsonc": jsonc,
  ".yaml": readYaml,
  ".yml": readYaml,
  ".toml": readToml,
};

/** Largest file in bytes. */
const maxBytes = 1 << 20;

/**
 * Reads a file of settings; nothing but their form is checked.
 *
 * @param options.what is expected, for errors: `an experiment`
 * @throws {ConfigError} where there is no such file, it is of another format or too large, or its text is none of that format; with line
 */
export async function readSettings(path: string, { what }: { what: string }): Promise<SettingsText> {
  const format = formats[extname(path).toLowerCase()];
  if (!format) {
    throw new ConfigError(`${path}: Expected ${what} as ${Object.keys(formats).join(", ")} but found another ending`);
  }
  const found = await Deno.stat(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory)) throw cause;
    throw new ConfigError(`${path}: there is no such file; give ${what}`, { cause });
  });
  if (!found.isFile) throw new ConfigError(`${path}: Expected ${what} but found a folder or a device`);
  if (found.size > maxBytes) {
    throw new ConfigError(`${path}: Expected at most ${maxBytes} bytes but found ${found.size}`);
  }
  const text = new TextDecoder().decode(await Deno.readFile(path));
  return format(text, { file: path });
}
