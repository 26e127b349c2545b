/**
 * Batches for training, prepared ahead of the step that needs them.
 * @module
 */
import { CheckpointError } from "../../errors.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { BackgroundOptions } from "./backgrounds.ts";
import type { BucketSize } from "./buckets.ts";
import { type BatchJob, loadBatch, type LoadedBatch, type UnreadableSample } from "./load_batch.ts";
import { LoadPool } from "./load_pool.ts";
import { type OrderedIndex, type OrderState, SampleOrder } from "./order.ts";
import type { Source } from "./source.ts";
import type { TransformOptions } from "./transform.ts";

/** Options of {@linkcode Loader}. */
export interface LoaderOptions {
  readonly source: Source;
  /** Pictures in a batch. */
  readonly batch: number;
  /** Size of the pictures, or sizes with the one of each sample (see `assignBuckets()`). */
  readonly size: BucketSize | { readonly sizes: readonly BucketSize[]; readonly groups: ArrayLike<number> };
  readonly transform: TransformOptions;
  readonly backgrounds?: BackgroundOptions;
  /** Of order, crops, flips and backgrounds. */
  readonly seed: number;
  /** Default true. */
  readonly shuffle?: boolean;
  /** Where to go on: the {@linkcode Loader.state} of a loader with the same options. */
  readonly state?: OrderState;
  /** Threads beside the main one; 0 loads on the main thread. Default one less than the processor has, 1 to 4. */
  readonly workers?: number;
  /** Batches that are prepared ahead. Default two for each worker, and one more. */
  readonly prefetch?: number;
}

/** A batch, ready for a step. */
export interface Batch {
  /** [batch, channels, height, width], 0 to 1. */
  readonly images: Tensor<"float32">;
  readonly captions: readonly string[];
  readonly ids: readonly string[];
  /** Names of the colours that were laid under drawings, undefined for other pictures. */
  readonly backgrounds: readonly (string | undefined)[];
  /** Places of the order that were taken for it. */
  readonly places: readonly OrderedIndex[];
}

interface Pending {
  readonly places: readonly OrderedIndex[];
  readonly size: BucketSize;
  /** The order's state behind it. */
  readonly after: OrderState;
  readonly result: Promise<LoadedBatch>;
}

/**
 * Deals out batches without end. What a batch holds depends on the options alone, not on the workers or their timing.
 *
 * Workers read and decode while the main thread computes. A picture that cannot be read is replaced by another of its batch, counted
 * and named; a batch without any is passed over. At most `prefetch` batches are in memory beside the one that was handed out, and one
 * decoded picture a worker.
 *
 * @example
 * ```ts ignore
 * using loader = new Loader({ source, batch: 8, size, transform: { channels: 3 }, seed: 0 });
 * for (let step = 0; step < steps; step++) train(await loader.next());
 * ```
 */
export class Loader implements Disposable {
  readonly #options: LoaderOptions;
  readonly #order: SampleOrder;
  readonly #pool: LoadPool | undefined;
  readonly #prefetch: number;
  readonly #pending: Pending[] = [];
  readonly #unreadable = new Map<string, UnreadableSample>();
  #state: OrderState;
  #waited = 0;

  /**
   * @throws {ConfigError} where the data set has no samples
   * @throws {RangeError} where a number is out of its range or the state is none of this data set
   */
  constructor(options: LoaderOptions) {
    const { source, size, batch, seed, workers = defaultWorkers(), prefetch = 2 * workers + 1 } = options;
    for (const [name, value, min] of [["workers", workers, 0], ["prefetch", prefetch, 1]] as const) {
      if (!Number.isInteger(value) || value < min) {
        throw new RangeError(`Expected ${name} to be an integer of at least ${min} but found ${value}`);
      }
    }
    const { shuffle, state } = options;
    this.#options = options;
    this.#order = new SampleOrder(source.length, {
      seed,
      batch,
      ...(shuffle === undefined ? {} : { shuffle }),
      ...(state === undefined ? {} : { state }),
      ...("groups" in size ? { groups: size.groups } : {}),
    });
    this.#state = this.#order.state;
    this.#prefetch = prefetch;
    this.#pool = workers === 0 ? undefined : new LoadPool(workers);
  }

  /** Samples that batches are drawn from. */
  get samples(): number {
    return this.#options.source.length;
  }

  /** Where the order stands behind the last batch that was handed out. */
  get state(): OrderState {
    return this.#state;
  }

  /** Pictures that could not be read so far, each once. */
  get unreadable(): readonly UnreadableSample[] {
    return [...this.#unreadable.values()];
  }

  /** Seconds that {@linkcode next} has waited for batches in all. */
  get waitedSeconds(): number {
    return this.#waited;
  }

  /**
   * The next batch that has a readable picture.
   *
   * @throws {CheckpointError} where a whole epoch has none
   * @throws {ConfigError} where the options are impossible
   */
  async next(): Promise<Batch> {
    let skipped = 0;
    while (true) {
      const { places, size, after, result } = this.#take();
      const start = performance.now();
      const { images, samples, unreadable } = await result;
      this.#waited += (performance.now() - start) / 1000;
      this.#state = after;
      for (const sample of unreadable) this.#unreadable.set(sample.id, sample);
      if (samples.length > 0) {
        const { width, height } = size;
        return {
          images: tensor("float32", [places.length, this.#options.transform.channels, height, width], images),
          captions: samples.map(({ caption }) => caption),
          ids: samples.map(({ id }) => id),
          backgrounds: samples.map(({ background }) => background),
          places,
        };
      }
      skipped += places.length;
      if (skipped >= this.#order.epochLength + this.#options.batch) {
        const [{ id, reason }] = unreadable as [UnreadableSample];
        throw new CheckpointError(
          `${this.#options.source.path}: no picture can be read; the last was ${id}: ${reason}`,
        );
      }
    }
  }

  /** Ends the workers. */
  [Symbol.dispose](): void {
    this.#pool?.[Symbol.dispose]();
  }

  /** Takes the first batch that is under way, and keeps as many as told under way behind it. */
  #take(): Pending {
    const first = this.#pending.shift() ?? this.#start();
    // On the main thread nothing can be under way while it computes.
    while (this.#pool !== undefined && this.#pending.length < this.#prefetch) this.#pending.push(this.#start());
    return first;
  }

  #start(): Pending {
    const { source, size, seed, transform, backgrounds } = this.#options;
    const places = this.#order.next();
    const chosen = "groups" in size ? size.sizes[size.groups[places[0]!.index]!]! : size;
    const job: BatchJob = {
      places: places.map(({ index, epoch, position }) => ({ entry: source.entry(index), epoch, position })),
      size: chosen,
      seed,
      transform,
      ...(backgrounds === undefined ? {} : { backgrounds }),
    };
    const result = this.#pool === undefined ? loadBatch(job) : this.#pool.load(job);
    return { places, size: chosen, after: this.#order.state, result };
  }
}

function defaultWorkers(): number {
  return Math.min(Math.max(navigator.hardwareConcurrency - 1, 1), 4);
}
