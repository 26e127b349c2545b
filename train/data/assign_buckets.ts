/**
 * Which aspect bucket each picture of a data set belongs to.
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import { CheckpointError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic_write.ts";
import { type AspectBucketOptions, aspectBuckets, type BucketSize, nearestBucket } from "./buckets.ts";
import { checkPicture } from "./picture.ts";
import { readImageBytes } from "./sample.ts";
import type { Source } from "./source.ts";

/** Different sizes, and the index of each sample's among them. */
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
  const buckets = aspectBuckets(options);
  if (buckets.length > 255) throw new RangeError(`Expected at most 255 ratios but found ${buckets.length}`);
  const { sizes, indices } = differentSizes(buckets);
  const groups = new Uint8Array(source.length);
  let i = 0;
  for await (const entry of source.entries()) {
    try {
      groups[i] = indices[nearestBucket(checkPicture(await readImageBytes(entry)), options)]!;
    } catch (error) {
      if (!(error instanceof CheckpointError || error instanceof Deno.errors.PermissionDenied)) throw error;
    }
    i++;
  }
  return { sizes, groups };
}

/** Each size once, and where among them that of each bucket is: small buckets of different ratios may round to one size. */
function differentSizes(buckets: readonly BucketSize[]): { sizes: BucketSize[]; indices: number[] } {
  const keys = buckets.map(({ width, height }) => `${width}x${height}`);
  const different = [...new Set(keys)];
  return {
    sizes: different.map((key) => buckets[keys.indexOf(key)]!),
    indices: keys.map((key) => different.indexOf(key)),
  };
}

const rememberedFile = z.object({ key: z.string(), groups: z.string() });

/**
 * As {@linkcode assignBuckets}, but a second call with the same options and samples reads the answer of the first.
 *
 * @param where.folder for the answer; it is made where it is not there
 * @param where.fingerprint of the samples, see `fingerprintOf()`
 */
export async function rememberedBuckets(
  source: Source,
  options: AspectBucketOptions,
  { folder, fingerprint }: { folder: string; fingerprint: string },
): Promise<BucketAssignment> {
  const file = join(folder, "buckets.json");
  const key = JSON.stringify([fingerprint, options]);
  const remembered = await readRemembered(file);
  if (remembered?.key === key) {
    const { sizes } = differentSizes(aspectBuckets(options));
    return { sizes, groups: Uint8Array.fromBase64(remembered.groups) };
  }
  const assigned = await assignBuckets(source, options);
  await Deno.mkdir(folder, { recursive: true });
  const text = JSON.stringify({ key, groups: assigned.groups.toBase64() });
  await writeFileAtomic(file, new TextEncoder().encode(text), { force: true });
  return assigned;
}

/** What was written the last time; a damaged file is as good as none. */
async function readRemembered(file: string): Promise<z.output<typeof rememberedFile> | undefined> {
  try {
    return rememberedFile.parse(JSON.parse(await Deno.readTextFile(file)));
  } catch (error) {
    const isUnusable = error instanceof Deno.errors.NotFound || error instanceof SyntaxError ||
      error instanceof z.ZodError;
    if (!isUnusable) throw error;
    return undefined;
  }
}
