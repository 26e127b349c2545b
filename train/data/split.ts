/**
 * Whole samples that training never sees.
 * @module
 */
import { type HoldOut, isHeldOut } from "./hold_out.ts";
import { readCaption } from "./sample.ts";
import type { Source } from "./source.ts";

/** Indices of a data set's samples in two parts. */
export interface Split {
  readonly training: readonly number[];
  readonly heldOut: readonly number[];
}

/**
 * Splits a data set by its captions, so that samples with the same caption are on the same side.
 *
 * Hand a part to `selectSamples()`. A rule for pairs of caption and colour is independent of this one.
 *
 * @throws {CheckpointError} where a caption cannot be read
 */
export async function splitByCaption(source: Source, rule: HoldOut): Promise<Split> {
  const [training, heldOut]: [number[], number[]] = [[], []];
  let index = 0;
  for await (const entry of source.entries()) {
    (isHeldOut([await readCaption(entry)], rule) ? heldOut : training).push(index++);
  }
  return { training, heldOut };
}
