/**
 * Turns the text behind a flag into a value, or says which values the flag takes.
 * @module
 */
import { parseBytes } from "../config/parse_bytes.ts";
import { parseSeedList, randomSeed } from "../config/parse_seeds.ts";
import { ConfigError } from "../errors.ts";
import type { LoraChoice } from "../pipeline/loras.ts";
import { maxLoraScale } from "../pipeline/limits.ts";
import { quote } from "../weights/quote.ts";

/** Smallest and largest value of a flag, both allowed. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Collects the values of a flag that may be repeated. */
export function appended(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

const wholeNumber = /^[+-]?\d+$/;
const decimalNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Numbers are shown as they were typed, other text in quotes. */
function shown(text: string): string {
  return decimalNumber.test(text) || /^[+-]?(NaN|Infinity)$/.test(text) ? text : quote(text);
}

/**
 * A parser of whole numbers.
 *
 * The parser throws {@linkcode ConfigError} naming the flag and its range.
 */
export function integerOption(flag: string, { min, max }: Range): (text: string) => number {
  return (text) => {
    const value = wholeNumber.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new ConfigError(`Expected ${flag} to be an integer from ${min} to ${max} but found ${shown(text)}`);
  };
}

/**
 * A parser of decimal numbers.
 *
 * The parser throws {@linkcode ConfigError} naming the flag and its range.
 */
export function numberOption(flag: string, { min, max }: Range): (text: string) => number {
  return (text) => {
    const value = decimalNumber.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new ConfigError(`Expected ${flag} to be a number from ${min} to ${max} but found ${shown(text)}`);
  };
}

/**
 * A parser of a side in pixels. It takes any number: the model knows the limits and names the nearest side that fits.
 *
 * The parser throws {@linkcode ConfigError} where the text is no number.
 */
export function sideOption(flag: string): (text: string) => number {
  return (text) => {
    if (decimalNumber.test(text) && Number.isFinite(Number(text))) return Number(text);
    throw new ConfigError(`Expected ${flag} to be a whole number of pixels but found ${shown(text)}`);
  };
}

/**
 * A parser of one word out of a list.
 *
 * The parser throws {@linkcode ConfigError} naming the words.
 */
export function choiceOption<Word extends string>(flag: string, words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw new ConfigError(`Expected ${flag} to be ${words.join(" or ")} but found ${quote(text)}`);
  };
}

/**
 * A parser of sizes such as `500MB` and `2GiB`.
 *
 * The parser throws {@linkcode ConfigError} where the text is no size above 0.
 */
export function bytesOption(flag: string): (text: string) => number {
  return (text) => parseBytes(text, flag);
}

/** Most pictures that one command makes. */
export const maxPictures = 10_000;

export { randomSeed };

/**
 * Reads the seeds of `--seed`, see {@linkcode parseSeedList}.
 *
 * @throws {ConfigError} where the text is no such list, or has more than {@linkcode maxPictures} seeds
 */
export function parseSeeds(text: string): number[] {
  return parseSeedList(text, { name: "--seed", most: maxPictures });
}

/**
 * Reads a LoRA as `FILE` or `FILE:SCALE` and puts it behind those before it. What follows the last colon is a scale only where it is
 * a number, so a path may hold colons; one that ends like a scale needs one behind it (`a:1:1`).
 *
 * @throws {ConfigError} where the file's name is empty, or the scale is out of its range
 */
export function loraOption(text: string, before: readonly LoraChoice[] = []): LoraChoice[] {
  const [, named = text, number] = /^(.*):([^:]*)$/s.exec(text) ?? [];
  const isScale = number !== undefined && decimalNumber.test(number);
  const [file, scale] = isScale ? [named, Number(number)] : [text, 1];
  if (file === "") throw new ConfigError(`Expected --lora to be FILE or FILE:SCALE but found ${quote(text)}`);
  if (Math.abs(scale) > maxLoraScale) {
    throw new ConfigError(
      `Expected the scale of --lora to be from -${maxLoraScale} to ${maxLoraScale} but found ${quote(text)}`,
    );
  }
  return [...before, { file, scale }];
}
