/**
 * One text that stands for many prompts.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { TorchGenerator } from "../tensor/random/torch_generator.ts";

/** Most prompts that one text may stand for: as many as pictures of a command. */
const mostPrompts = 10_000;

/** Most braces of a text: each has two choices at least, so that more always stand for too many. */
const mostBraces = 64;

/**
 * Writes out `{red|blue}`: a prompt for each choice, in every combination, the last braces changing fastest. Braces may stand in braces;
 * those without a bar between them are text.
 *
 * @throws {ConfigError} where there would be more than 10,000 prompts
 * @example
 * ```ts
 * import { expandPrompt } from "./expand_prompt.ts";
 * const prompts = expandPrompt("a {red|dark blue} {fox|dog}");
 * if (prompts.join() !== "a red fox,a red dog,a dark blue fox,a dark blue dog") throw new Error("four");
 * ```
 */
export function expandPrompt(prompt: string): string[] {
  return [...new Set(expand(prompt, 0))];
}

function expand(prompt: string, depth: number): string[] {
  // Innermost braces first: what they become is text to those around them.
  const found = /\{([^{}]*\|[^{}]*)\}/.exec(prompt);
  if (!found) return [prompt];
  const choices = found[1]!.split("|");
  const [before, after] = [prompt.slice(0, found.index), prompt.slice(found.index + found[0].length)];
  const all: string[] = [];
  for (const choice of choices) {
    for (const expanded of depth < mostBraces ? expand(before + choice + after, depth + 1) : [""]) {
      if (depth === mostBraces || all.length === mostPrompts) {
        throw new ConfigError(`Expected a prompt that stands for at most ${mostPrompts} but found more in its braces`);
      }
      all.push(expanded);
    }
  }
  return all;
}

const wildcard = /__([\p{L}\p{Nd}][\p{L}\p{Nd}_/-]*?)__/gu;

/** The names of the wildcards of a prompt: `animal` of `a __animal__`. */
export function wildcardsOf(prompt: string): string[] {
  return [...new Set([...prompt.matchAll(wildcard)].map(([, name]) => name!))];
}

/**
 * Puts a line in the place of each wildcard, drawn by a seed: the same seed and lines give the same prompt.
 *
 * @param options.lines of each wildcard, by name; a wildcard without lines stays
 */
export function fillWildcards(
  prompt: string,
  { seed, lines }: { seed: number; lines: ReadonlyMap<string, readonly string[]> },
): string {
  const generator = new TorchGenerator(seed);
  return prompt.replace(wildcard, (whole, name: string) => {
    const choices = lines.get(name);
    if (!choices || choices.length === 0) return whole;
    const [draw] = generator.uniform([1]).data as Float32Array;
    return choices[Math.floor(draw! * choices.length)]!;
  });
}
