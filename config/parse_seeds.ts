/**
 * Lists of seeds as people write them.
 * @module
 */
import { ConfigError } from "../errors.ts";

/** Stands for a seed that is drawn when the run is made. */
export const randomSeed = -1;

const seedItem = /^(?:(-1)|(\d+)(?:-(\d+))?)$/;

/**
 * Reads a list of seeds: `7`, `1,2,5-8`, and `-1` for a random one.
 *
 * @param options.name of what is read, for errors
 * @param options.most seeds
 * @returns the seeds in the order given, ranges written out, {@linkcode randomSeed} where one is to be drawn
 * @throws {ConfigError} where the text is no such list, or has more seeds
 */
export function parseSeedList(text: string, { name, most }: { name: string; most: number }): number[] {
  const seeds: number[] = [];
  for (const item of text.split(",").map((part) => part.trim())) {
    const match = seedItem.exec(item);
    if (!match) {
      throw new ConfigError(
        `Expected ${name} to be whole numbers from 0 such as 7, 1,2,5-8 or -1 for a random one but found ${
          shown(item)
        }`,
      );
    }
    const [, random, first, last = first] = match;
    if (random !== undefined) {
      seeds.push(randomSeed);
      continue;
    }
    const [from, to] = [Number(first), Number(last)];
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to)) {
      throw new ConfigError(
        `Expected ${name} to be at most ${Number.MAX_SAFE_INTEGER} but found ${shown(item)}`,
      );
    }
    if (to < from) throw new ConfigError(`Expected a range of ${name} to rise but found ${shown(item)}`);
    // Checked before the range is written out: 0-9000000000000000 must not take memory.
    if (seeds.length + to - from + 1 > most) {
      throw new ConfigError(`Expected ${name} to list at most ${most} seeds but found more in ${shown(item)}`);
    }
    for (let seed = from; seed <= to; seed++) seeds.push(seed);
  }
  return seeds;
}

function shown(item: string): string {
  return JSON.stringify(item.length > 100 ? `${item.slice(0, 100)}…` : item);
}
