/**
 * Changes of settings on a command line: `--set a.b=value`.
 * @module
 */
import { ConfigError } from "../errors.ts";

/** A change, read. */
export interface Change {
  /** Keys from the outermost in; entries of lists by their number. */
  readonly path: readonly string[];
  readonly value: unknown;
}

/**
 * Reads `a.b=value`: the value is JSON, or else text.
 *
 * @param options.example is shown to whom wrote something else
 * @throws {ConfigError} where it is no such change, or a key is one that objects have themselves
 */
export function parseChange(change: string, { example }: { example: string }): Change {
  const [, key, text] = /^([\w.-]+)=(.*)$/s.exec(change) ?? [];
  if (key === undefined || text === undefined) {
    throw new ConfigError(`Expected --set as key=value, such as ${example}, but found "${change}"`);
  }
  const path = key.split(".");
  if (path.some((key) => key === "" || key in Object.prototype)) {
    throw new ConfigError(`--set ${change}: there is no such setting`);
  }
  return { path, value: jsonOrText(text) };
}

/** JSON, or the text itself where it is none. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Sets a value inside of an object, making the objects on the way to it.
 *
 * @returns the key on the way that holds neither an object nor a list with such an entry; undefined where it is done
 */
export function setValue(settings: object, { path, value }: Change): string | undefined {
  let at = settings as Record<string, unknown>;
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(at, key) ? at[key] ?? {} : {};
    if (typeof next !== "object" || Array.isArray(at) && !Object.hasOwn(at, key)) return key;
    at = at[key] = next as Record<string, unknown>;
  }
  const last = path.at(-1)!;
  if (Array.isArray(at) && !Object.hasOwn(at, last)) return path.at(-2);
  at[last] = value;
  return undefined;
}

/**
 * Applies `a.b=value` to an object.
 *
 * @throws {ConfigError} where it is no change, or leads into a value that has no keys
 */
export function applyChange(settings: object, change: string, options: { example: string }): void {
  const wrong = setValue(settings, parseChange(change, options));
  if (wrong !== undefined) throw new ConfigError(`--set ${change}: "${wrong}" has no keys of its own`);
}
