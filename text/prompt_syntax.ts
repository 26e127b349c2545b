/**
 * Weights and breaks in prompts: `a (red:1.3) fox BREAK in the snow`, as in AUTOMATIC1111's web UI and ComfyUI.
 * @module
 */

/** A piece of a prompt with the weight of its words. */
export interface PromptSegment {
  /** As typed, without the syntax. */
  readonly text: string;
  /** 1 is as in a prompt without weights. */
  readonly weight: number;
}

/** The parts of a prompt between its breaks, each of pieces with weights. */
export type PromptParts = readonly (readonly PromptSegment[])[];

/** Largest weight: a typing error should not make numbers that run away. */
const maxWeight = 100;

/** `:1.3)` at the end of a group. */
const ending = /:\s*(\d+\.?\d*|\.\d+)\s*\)/y;

/**
 * Reads the syntax of a prompt: `(words:1.3)` gives words a weight, which multiplies where groups stand in groups; `BREAK`, as a word of
 * its own, begins a new part. `\(` and `\)` are parentheses. Parentheses without a number are text.
 *
 * @returns undefined where there is no syntax in it: the prompt is then taken as it is, backslashes included
 * @example
 * ```ts
 * import { parsePrompt } from "./prompt_syntax.ts";
 * const [part] = parsePrompt("a (red:1.5) fox")!;
 * if (JSON.stringify(part!.map(({ weight }) => weight)) !== "[1,1.5,1]") throw new Error("three pieces");
 * if (parsePrompt("a fox (small)") !== undefined) throw new Error("no syntax");
 * ```
 */
export function parsePrompt(prompt: string): PromptParts | undefined {
  const texts = prompt.split(/(?<=^|\s)BREAK(?=\s|$)/);
  if (texts.length === 1 && groupsOf(prompt).length === 0) return undefined;
  return texts.map(weightedSegments).map((segments) => segments.length === 0 ? [{ text: "", weight: 1 }] : segments);
}

/** Pieces of a part. */
function weightedSegments(text: string): PromptSegment[] {
  const groups = groupsOf(text);
  const opening = new Map(groups.map(({ open, weight }) => [open, weight]));
  const closing = new Map(groups.map(({ colon, close }) => [colon, close]));
  const products = [1];
  const segments: { text: string; weight: number }[] = [];
  for (let i = 0; i < text.length; i++) {
    const [factor, close] = [opening.get(i), closing.get(i)];
    if (factor !== undefined) products.push(products.at(-1)! * factor);
    else if (close !== undefined) {
      products.pop();
      i = close;
    } else {
      if (text[i] === "\\" && (text[i + 1] === "(" || text[i + 1] === ")")) i++;
      const weight = Math.min(maxWeight, products.at(-1)!);
      const last = segments.at(-1);
      if (last?.weight === weight) last.text += text[i];
      else segments.push({ text: text[i]!, weight });
    }
  }
  return segments;
}

/** The groups with a weight: where they open, where the number begins and where they close. */
function groupsOf(text: string): { open: number; colon: number; close: number; weight: number }[] {
  const open: number[] = [];
  const groups: { open: number; colon: number; close: number; weight: number }[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "(") open.push(i);
    else if (text[i] === ")") open.pop();
    else if (text[i] === ":" && open.length > 0) {
      ending.lastIndex = i;
      const found = ending.exec(text);
      if (!found) continue;
      const close = i + found[0].length - 1;
      groups.push({ open: open.pop()!, colon: i, close, weight: Number(found[1]) });
      i = close;
    }
  }
  return groups;
}
