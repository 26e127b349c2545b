/**
 * What is measured: drawings, each on a background, chosen by a seed.
 * @module
 */
import { TorchGenerator } from "../tensor/random/torch_generator.ts";

/** A drawing on a background. */
export interface Subject {
  /** Of the drawing in its data set. */
  readonly index: number;
  /** Name of the background; undefined where pictures have their own. */
  readonly colour: string | undefined;
}

/** A drawing with the backgrounds that it may be asked for on. */
export interface Candidate {
  readonly index: number;
  readonly colours: readonly (string | undefined)[];
}

/**
 * Draws different subjects: the drawings in the order of `torch.randperm`, each with one of its backgrounds, and from the start
 * again, with another background, where there are fewer drawings than `count`.
 *
 * @returns `count` subjects, or all there are
 */
export function chooseSubjects(
  candidates: readonly Candidate[],
  { count, seed }: { count: number; seed: number },
): Subject[] {
  const generator = new TorchGenerator(seed);
  const left = candidates.filter(({ colours }) => colours.length > 0).map(({ index, colours }) => {
    return { index, colours: [...colours] };
  });
  if (left.length === 0) return [];
  const order = Array.from(generator.permutation(left.length).data as BigInt64Array, Number);
  const subjects: Subject[] = [];
  for (let isAnyLeft = true; isAnyLeft;) {
    isAnyLeft = false;
    for (const place of order) {
      if (subjects.length >= count) return subjects;
      const { index, colours } = left[place]!;
      if (colours.length === 0) continue;
      const [draw] = generator.uniform([1]).data as Float32Array;
      const [colour] = colours.splice(Math.floor(draw! * colours.length), 1);
      subjects.push({ index, colour });
      isAnyLeft = true;
    }
  }
  return subjects;
}
