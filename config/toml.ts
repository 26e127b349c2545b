/**
 * TOML, as configurations are written.
 * @module
 */
import { parse, TomlError } from "smol-toml";
import { ConfigError } from "../errors.ts";
import type { SettingsText } from "./read_settings.ts";

/**
 * Reads an object.
 *
 * @throws {ConfigError} naming file and line, where the text is none, a key comes twice or is one that objects have themselves, or a value is
 * a date
 */
export function readToml(text: string, { file }: { file: string }): SettingsText {
  let json: Record<string, unknown>;
  try {
    json = parse(text, { maxDepth: 100 });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [what] = cause.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new ConfigError(`${file} line ${cause.line}: ${what}`, { cause });
  }
  checkValue(json, { file, path: [] });
  // The parser makes objects without a prototype.
  return { json: structuredClone(json), lineOf: () => undefined };
}

function checkValue(value: unknown, { file, path }: { file: string; path: readonly string[] }): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Date) throw new ConfigError(`${file}: "${path.join(".")}": Expected no date: put it in quotes`);
  for (const key of Object.keys(value)) {
    if (!Array.isArray(value) && key in Object.prototype) {
      throw new ConfigError(`${file}: "${key}" is no name for a setting`);
    }
    checkValue((value as Record<string, unknown>)[key], { file, path: [...path, key] });
  }
}
