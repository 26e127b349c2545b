/**
 * Prompts as the rows of tokens that a text encoder takes.
 * @module
 */
import type { PromptParts } from "./prompt_syntax.ts";
import type { TextTokenizer } from "./text_tokenizer.ts";

/** A row of a text encoder. */
export interface TokenChunk {
  /** As many as the tokenizer's `maxLength`. */
  readonly ids: readonly number[];
  /** 1 for each id that is not padding. */
  readonly mask: readonly number[];
  /** Weight of each token; 1 for those around the text and for padding. */
  readonly weights: readonly number[];
}

/**
 * Makes rows of tokens out of a prompt's parts: a part begins a row, and one that does not fit goes on in further rows or is cut.
 *
 * Pieces are encoded on their own, since a weight may begin within a sentence.
 *
 * @param options.chunk whether a part that does not fit goes on
 * @returns rows, at least one, and the beginning of what was cut, `""` where nothing was
 */
export function chunkTokens(
  parts: PromptParts,
  tokenizer: TextTokenizer,
  { chunk }: { chunk: boolean },
): { chunks: TokenChunk[]; lost: string } {
  const { maxLength } = tokenizer;
  const empty = tokenizer.encode("");
  // The end of text stands last of what is no padding; what stands before it begins a text.
  const around = empty.length;
  const before = empty.ids.slice(0, around - 1);
  const padding = empty.ids[around] ?? tokenizer.eosId;
  const room = maxLength - around;
  const chunks: TokenChunk[] = [];
  let lost = "";
  for (const part of parts) {
    const tokens: { id: number; weight: number }[] = [];
    for (const { text, weight } of part) {
      const cut = tokenizer.encode(text);
      const { ids, length } = cut.length > maxLength ? tokenizer.encode(text, { maxLength: cut.length }) : cut;
      const left = room - tokens.length;
      const inner = ids.slice(around - 1, length - 1);
      if (!chunk && lost === "" && inner.length > left) {
        lost = tokenizer.encode(text, { maxLength: around + Math.max(0, left) }).truncated;
      }
      tokens.push(...inner.map((id) => ({ id, weight })));
    }
    const rows = chunk ? Math.max(1, Math.ceil(tokens.length / room)) : 1;
    for (let row = 0; row < rows; row++) {
      const own = tokens.slice(row * room, (row + 1) * room);
      const used = before.length + own.length + 1;
      const fill = <T>(value: T) => Array<T>(maxLength - used).fill(value);
      chunks.push({
        ids: [...before, ...own.map(({ id }) => id), tokenizer.eosId, ...fill(padding)],
        mask: [...Array<number>(used).fill(1), ...fill(0)],
        weights: [...before.map(() => 1), ...own.map(({ weight }) => weight), 1, ...fill(1)],
      });
    }
  }
  return { chunks, lost };
}
