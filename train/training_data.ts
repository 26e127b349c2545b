/**
 * The data set of a training, as its phases read it.
 * @module
 */
import { CheckpointError, ConfigError } from "../errors.ts";
import type { PhaseConfig, TrainingConfig } from "./config.ts";
import { type BucketAssignment, rememberedBuckets } from "./data/assign_buckets.ts";
import { isHeldOut } from "./data/hold_out.ts";
import { Loader } from "./data/loader.ts";
import type { OrderState } from "./data/order.ts";
import type { BackgroundOptions } from "./data/backgrounds.ts";
import { allowedColours, backgroundCaption } from "./data/backgrounds.ts";
import { readCaption, type SampleEntry } from "./data/sample.ts";
import { fingerprintOf, openSource, selectSamples, type Source } from "./data/source.ts";
import { pictureSize } from "./picture_sizes.ts";
import type { AspectBucketOptions, BucketSize } from "./data/buckets.ts";

/** An opened data set. */
export class TrainingData {
  readonly source: Source;
  /** Caption of each sample. */
  readonly captions: readonly string[];
  /** Of the pictures, where they have one size alone. */
  readonly size: BucketSize;
  readonly #config: TrainingConfig;
  #buckets: BucketAssignment | undefined;

  private constructor(source: Source, captions: readonly string[], config: TrainingConfig) {
    this.source = source;
    this.captions = captions;
    this.size = pictureSize(config);
    this.#config = config;
  }

  /**
   * Indexes the data set.
   *
   * @param options.scratch folder for a copy of what Parquet files hold
   * @throws {CheckpointError} where there is none
   * @throws {ConfigError} where nothing of it is wanted
   */
  static async open(config: TrainingConfig, { scratch }: { scratch?: string } = {}): Promise<TrainingData> {
    const all = await openSource(config.data.path, scratch === undefined ? {} : { scratch });
    const captions: string[] = [];
    for await (const entry of all.entries()) captions.push(await readableCaption(entry));
    const { only } = config.data;
    if (only === undefined) return new TrainingData(all, captions, config);
    const pattern = new RegExp(only, "u");
    const indices = captions.flatMap((caption, i) => pattern.test(caption) ? [i] : []);
    if (indices.length === 0) throw new ConfigError(`data.only: no caption of ${config.data.path} matches ${only}`);
    return new TrainingData(selectSamples(all, indices), indices.map((i) => captions[i]!), config);
  }

  /** Sizes that batches may have. */
  get sizes(): readonly BucketSize[] {
    return this.#buckets?.sizes ?? [this.size];
  }

  /**
   * Gives each picture the size whose ratio of sides is nearest; batches are then of one size each.
   *
   * @param scratch folder where the answer is kept for the next time, since every picture is read for it
   */
  async useBuckets(options: AspectBucketOptions, { scratch }: { scratch: string }): Promise<void> {
    const where = { folder: scratch, fingerprint: await this.fingerprint() };
    this.#buckets = await rememberedBuckets(this.source, options, where);
  }

  /** What is laid under drawings with alpha. */
  get backgrounds(): BackgroundOptions | undefined {
    return this.#config.data.backgrounds as BackgroundOptions | undefined;
  }

  /** SHA-256 of the names of all samples. */
  fingerprint(): Promise<string> {
    return fingerprintOf(this.source);
  }

  /** Every caption that a phase may see: of each sample, with each of its backgrounds. */
  *allCaptions(): Generator<string> {
    const { backgrounds } = this;
    for (const caption of this.captions) {
      yield caption;
      if (!backgrounds) continue;
      const usual = backgrounds.caption === undefined ? {} : { template: backgrounds.caption };
      const ways = [usual, ...(backgrounds.otherCaptions?.templates ?? []).map((template) => ({ template }))];
      for (const colour of allowedColours(caption, backgrounds)) {
        for (const way of ways) yield backgroundCaption(caption, colour, way);
      }
    }
  }

  /** Indices of the samples that a phase sees, and of those that it does not. */
  split({ holdOut }: Pick<PhaseConfig, "holdOut">): { training: number[]; heldOut: number[] } {
    const training: number[] = [];
    const heldOut: number[] = [];
    this.captions.forEach((caption, i) => (holdOut && isHeldOut([caption], holdOut) ? heldOut : training).push(i));
    return { training, heldOut };
  }

  /**
   * Batches of some of the samples.
   *
   * @param options.size of the pictures; those of the data set, or of their buckets, where left out
   * @param options.random crops at random and at the picture's own scale
   */
  loader({ indices, batch, seed, state, size, random = false, shuffle = true, workers }: {
    indices: readonly number[];
    batch: number;
    seed: number;
    state?: OrderState | undefined;
    size?: BucketSize;
    random?: boolean;
    shuffle?: boolean;
    workers?: number | undefined;
  }): Loader {
    const { channels, crop, flip, fit, filter, backgrounds, workers: wanted } = this.#config.data;
    const threads = workers ?? wanted;
    return new Loader({
      source: selectSamples(this.source, indices),
      batch,
      size: size ?? this.#groupsOf(indices) ?? this.size,
      transform: random
        ? { channels, crop: "random", flip, fit: "native", filter }
        : { channels, crop, flip, fit, filter },
      seed,
      shuffle,
      ...(backgrounds === undefined ? {} : { backgrounds: backgrounds as BackgroundOptions }),
      ...(state === undefined ? {} : { state }),
      ...(threads === undefined ? {} : { workers: threads }),
    });
  }

  #groupsOf(indices: readonly number[]): BucketAssignment | undefined {
    if (!this.#buckets) return undefined;
    const { sizes, groups } = this.#buckets;
    return { sizes, groups: Uint8Array.from(indices, (i) => groups[i]!) };
  }
}

/** A sample whose caption cannot be read is passed over and named when it is loaded. */
async function readableCaption(entry: SampleEntry): Promise<string> {
  try {
    return await readCaption(entry);
  } catch (error) {
    if (error instanceof CheckpointError || error instanceof Deno.errors.PermissionDenied) return "";
    throw error;
  }
}
