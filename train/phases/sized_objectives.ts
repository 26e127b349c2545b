/**
 * An objective for each size of pictures that a phase sees.
 * @module
 */
import type { Tensor } from "../../tensor/tensor.ts";
import type { BucketSize } from "../data/buckets.ts";
import type { Objective } from "./objective.ts";

/** Height and width of an input of rank 4: [b, c, h, w]. */
export function sizeOfInput(inputs: Readonly<Record<string, Tensor>>, name: string): BucketSize {
  const [, , height, width] = inputs[name]!.shape;
  return { height: height!, width: width! };
}

/** Remembers what `build` makes of each size, so that equal sizes give the same object. */
export function onceForSize<Made>(build: (size: BucketSize) => Made): (size: BucketSize) => Made {
  const made = new Map<string, Made>();
  return (size) => {
    const key = `${size.width}x${size.height}`;
    if (!made.has(key)) made.set(key, build(size));
    return made.get(key)!;
  };
}

/**
 * The objectives of a phase, by the size of one of its inputs.
 *
 * @param base the size of `objective`
 * @param options.sizes whether there are other sizes
 */
export function sizedObjectives(
  build: (size: BucketSize) => Objective,
  base: BucketSize,
  { input, isSized }: { input: string; isSized: boolean },
): { objective: Objective; objectiveFor?: (inputs: Readonly<Record<string, Tensor>>) => Objective } {
  const of = onceForSize(build);
  const objective = of(base);
  return isSized ? { objective, objectiveFor: (inputs) => of(sizeOfInput(inputs, input)) } : { objective };
}
