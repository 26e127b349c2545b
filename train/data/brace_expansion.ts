/**
 * Names of shards: `train-{000..010}.tar` is eleven files.
 * @module
 */
import { ConfigError } from "../../errors.ts";

/** Most names that one pattern may stand for. */
const maxNames = 1_000_000;

/**
 * Expands ranges of numbers in braces, the last one fastest; a number keeps the leading zeros of the range's first.
 *
 * @throws {ConfigError} where a range is empty or a pattern stands for too many names
 */
export function expandBraces(pattern: string): string[] {
  let names = [""];
  let end = 0;
  for (const { 0: braces, 1: from, 2: to, index } of pattern.matchAll(/\{(\d+)\.\.(\d+)\}/g)) {
    const count = Number(to) - Number(from) + 1;
    if (!(count >= 1) || names.length * count > maxNames) {
      throw new ConfigError(`Expected a range such as {000..010} of at most ${maxNames} names but found ${braces}`);
    }
    const text = pattern.slice(end, index);
    const numbers = Array.from({ length: count }, (_, i) => String(Number(from) + i).padStart(from!.length, "0"));
    names = names.flatMap((name) => numbers.map((number) => name + text + number));
    end = index + braces.length;
  }
  return names.map((name) => name + pattern.slice(end));
}
