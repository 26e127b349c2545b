/**
 * Lines that stand in the place of wildcards such as `__animal__`.
 * @module
 */
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { wildcardsOf } from "../text/expand_prompt.ts";
import { quote } from "../weights/quote.ts";

/** Lines by the name of their wildcard. */
export type Wildcards = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the lines of all wildcards of some prompts: `__animal__` are those of `animal.txt`. Blank lines and those that begin with # are
 * left out. Names have letters, digits, `_`, `-` and `/` alone, and so never lead out of the folder.
 *
 * @throws {ConfigError} where a file is missing or has no lines
 */
export async function readWildcards(prompts: readonly string[], { folder }: { folder: string }): Promise<Wildcards> {
  const names = new Set(prompts.flatMap(wildcardsOf));
  const lines = new Map<string, readonly string[]>();
  for (const name of names) {
    const file = join(folder, `${name}.txt`);
    const text = await Deno.readTextFile(file).catch((cause) => {
      if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory)) throw cause;
      throw new ConfigError(`Expected lines for __${name}__ in --wildcards but there is no ${quote(file)}`, { cause });
    });
    const found = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
    if (found.length === 0) throw new ConfigError(`${file}: Expected a line for __${name}__ but found none`);
    lines.set(name, found);
  }
  return lines;
}
