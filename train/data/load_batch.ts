/**
 * Reads, decodes and prepares the pictures of one batch: what a loader's workers do.
 * @module
 */
import { CheckpointError } from "../../errors.ts";
import { type BackgroundOptions, chooseBackground } from "./backgrounds.ts";
import type { BucketSize } from "./buckets.ts";
import { drawsOf } from "./draws.ts";
import type { OrderState } from "./order.ts";
import { openSample, type SampleEntry } from "./sample.ts";
import { type TransformOptions, transformPicture } from "./transform.ts";

/** A sample at its place of the order. */
export interface BatchPlace extends OrderState {
  readonly entry: SampleEntry;
}

/** One batch to load: plain data, which can be handed to a worker. */
export interface BatchJob {
  readonly places: readonly BatchPlace[];
  readonly size: BucketSize;
  /** Of the random choices ({@linkcode drawsOf}). */
  readonly seed: number;
  readonly transform: TransformOptions;
  /** Laid under drawings with alpha, and said in their captions; white and unsaid without it. */
  readonly backgrounds?: BackgroundOptions;
}

/** A picture that could not be read. */
export interface UnreadableSample {
  readonly id: string;
  /** What is wrong with it. */
  readonly reason: string;
}

/** One row of a batch. */
export interface LoadedSample {
  /** Of the sample that the row holds: another of the batch where its own cannot be read. */
  readonly id: string;
  readonly caption: string;
  /** Name of the colour that was laid under the drawing. */
  readonly background: string | undefined;
}

/** A loaded batch. */
export interface LoadedBatch {
  /** [places, channels, height, width], 0 to 1. */
  readonly images: Float32Array<ArrayBuffer>;
  /** One for each place, none where no place can be read. */
  readonly samples: readonly LoadedSample[];
  readonly unreadable: readonly UnreadableSample[];
}

/**
 * Loads a batch. It depends on the job alone.
 *
 * The row of a sample that cannot be read is a copy of the next row of the batch that can, so that every batch is full.
 *
 * @throws {ConfigError | RangeError} where the options are impossible
 * @throws {Deno.errors.NotCapable} where `--allow-read` does not cover the data set
 */
export async function loadBatch(job: BatchJob): Promise<LoadedBatch> {
  const { places, size: { width, height }, transform } = job;
  const length = transform.channels * height * width;
  const images = new Float32Array(places.length * length);
  const unreadable: UnreadableSample[] = [];
  const rows: (LoadedSample | undefined)[] = [];
  for (const [i, place] of places.entries()) {
    try {
      rows.push(await loadRow(place, job, images.subarray(i * length, (i + 1) * length)));
    } catch (error) {
      const isOfFile = error instanceof CheckpointError || error instanceof Deno.errors.PermissionDenied;
      if (!isOfFile) throw error;
      unreadable.push({ id: place.entry.id, reason: error.message });
      rows.push(undefined);
    }
  }
  const samples: LoadedSample[] = [];
  for (let i = 0; i < rows.length && unreadable.length < rows.length; i++) {
    let from = i;
    while (rows[from] === undefined) from = (from + 1) % rows.length;
    if (from !== i) images.copyWithin(i * length, from * length, (from + 1) * length);
    samples.push(rows[from]!);
  }
  return { images, samples, unreadable };
}

async function loadRow(place: BatchPlace, job: BatchJob, out: Float32Array): Promise<LoadedSample> {
  const { transform, backgrounds, seed, size } = job;
  const { id, caption, image } = await openSample(place.entry);
  const picture = await image();
  const draws = drawsOf(place, { seed });
  const isDrawing = picture.channels % 2 === 0 && picture.channels <= 4 && transform.channels % 2 === 1;
  const background = backgrounds && isDrawing
    ? chooseBackground(caption, { ...backgrounds, draw: draws.background })
    : undefined;
  transformPicture(picture, { size, draws, out, ...(background && { background: background.rgb }) }, transform);
  return { id, caption: background?.caption ?? caption, background: background?.name };
}
