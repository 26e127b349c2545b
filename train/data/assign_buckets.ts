/**
 * Which aspect bucket each picture of a data set belongs to.
 * @module
 */
import { CheckpointError } from "../../errors.ts";
import { type AspectBucketOptions, aspectBuckets, type BucketSize, nearestBucket } from "./buckets.ts";
import { checkPicture } from "./picture.ts";
import { readImageBytes } from "./sample.ts";
import type { Source } from "./source.ts";

/** Sizes, and the index of each sample's among them. */
export interface BucketAssignment {
  readonly sizes: readonly BucketSize[];
  readonly groups: Uint8Array;
}

/**
 * Reads the size of every picture and assigns it the bucket with the nearest ratio of sides.
 *
 * A picture that cannot be read goes to the first bucket; loading will name it.
 *
 * @throws {RangeError} where the options are impossible, or there are more than 255 buckets
 */
export async function assignBuckets(source: Source, options: AspectBucketOptions): Promise<BucketAssignment> {
  const sizes = aspectBuckets(options);
  if (sizes.length > 255) throw new RangeError(`Expected at most 255 ratios but found ${sizes.length}`);
  const groups = new Uint8Array(source.length);
  let i = 0;
  for await (const entry of source.entries()) {
    try {
      groups[i] = nearestBucket(checkPicture(await readImageBytes(entry)), options);
    } catch (error) {
      if (!(error instanceof CheckpointError || error instanceof Deno.errors.PermissionDenied)) throw error;
    }
    i++;
  }
  return { sizes, groups };
}
