/**
 * Reads amounts of memory and disk.
 * @module
 */
import { ConfigError } from "../errors.ts";

const units: Readonly<Record<string, number>> = {
  "": 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/**
 * Reads a size such as `500MB`, `2 GiB` or a number of bytes.
 *
 * @param name of what the size is for, in errors
 * @throws {ConfigError} where the text is no size above 0
 */
export function parseBytes(text: string, name: string): number {
  const [, number = "", unit = ""] = /^(\d+\.?\d*|\.\d+) ?([a-z]*)$/i.exec(text) ?? [];
  const factor = units[unit.toUpperCase()];
  const bytes = number === "" || factor === undefined ? NaN : Math.floor(Number(number) * factor);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new ConfigError(`Expected ${name} to be a size such as 500MB or 2GB but found ${JSON.stringify(text)}`);
}
