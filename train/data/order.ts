/**
 * The order in which a training sees its samples: shuffled anew each epoch, and resumed at the exact sample.
 * @module
 */
import { ConfigError } from "../../errors.ts";
import { TorchGenerator } from "../../tensor/random/torch_generator.ts";

/** Where an order stands, as JSON. */
export interface OrderState {
  /** Passes over the data set that are complete. */
  readonly epoch: number;
  /** Places of this epoch that have been taken. */
  readonly position: number;
}

/** One place of the order. */
export interface OrderedIndex extends OrderState {
  /** Of the sample in its source. */
  readonly index: number;
}

/** Options of {@linkcode SampleOrder}. */
export interface SampleOrderOptions {
  /** A safe integer. */
  readonly seed: number;
  /** Places that {@linkcode SampleOrder.next} takes. */
  readonly batch: number;
  /** Default true; false takes the samples in the order of their index. */
  readonly shuffle?: boolean;
  /**
   * Group of each sample, such as its aspect bucket: a batch is of one group, and each group's last batch of an epoch is filled from
   * the group's first samples of that epoch. Without groups a batch goes on into the next epoch.
   */
  readonly groups?: ArrayLike<number>;
  /** Where to go on; the beginning unless told. */
  readonly state?: OrderState;
}

/**
 * Deals out batches of sample indices without end.
 *
 * Epoch e is `torch.randperm(n)` of a generator with seed + e, as in torch's
 * {@link https://github.com/pytorch/pytorch/blob/main/torch/utils/data/distributed.py DistributedSampler}. The order depends on the
 * options alone, so that an order made from another's state goes on as that one does.
 */
export class SampleOrder {
  readonly #count: number;
  readonly #options: SampleOrderOptions;
  #epoch: number;
  #position: number;
  /** Places of the current epoch. */
  #places: Uint32Array;

  /**
   * @param count number of samples
   * @throws {RangeError} where a number is out of its range or the state is none of this order
   * @throws {ConfigError} where there are no samples
   */
  constructor(count: number, options: SampleOrderOptions) {
    if (count === 0) throw new ConfigError("Expected a data set with samples but found none");
    const { seed, batch, groups, state = { epoch: 0, position: 0 } } = options;
    for (const [name, value, min] of [["count", count, 1], ["batch", batch, 1], ["epoch", state.epoch, 0]] as const) {
      if (!Number.isSafeInteger(value) || value < min) {
        throw new RangeError(`Expected ${name} to be an integer of at least ${min} but found ${value}`);
      }
    }
    if (!Number.isSafeInteger(seed)) throw new RangeError(`Expected seed to be a safe integer but found ${seed}`);
    if (groups !== undefined && groups.length !== count) {
      throw new RangeError(`Expected the groups of ${count} samples but found ${groups.length}`);
    }
    this.#count = count;
    this.#options = options;
    this.#epoch = state.epoch;
    this.#places = this.#placesOf(state.epoch);
    if (!Number.isSafeInteger(state.position) || state.position < 0 || state.position > this.#places.length) {
      throw new RangeError(`Expected position to be 0 to ${this.#places.length} but found ${state.position}`);
    }
    this.#position = state.position;
  }

  /** What another order needs to go on from here. */
  get state(): OrderState {
    return { epoch: this.#epoch, position: this.#position };
  }

  /** Places of the current epoch: the number of samples, or more where groups had to be filled. */
  get epochLength(): number {
    return this.#places.length;
  }

  /** Takes the next batch. */
  next(): OrderedIndex[] {
    return Array.from({ length: this.#options.batch }, () => {
      if (this.#position === this.#places.length) {
        this.#epoch++;
        this.#position = 0;
        this.#places = this.#placesOf(this.#epoch);
      }
      const place = { epoch: this.#epoch, position: this.#position, index: this.#places[this.#position]! };
      this.#position++;
      return place;
    });
  }

  #placesOf(epoch: number): Uint32Array {
    const { seed, shuffle = true, groups, batch } = this.#options;
    const order = shuffle
      ? Uint32Array.from(new TorchGenerator(seed + epoch).permutation(this.#count).data, Number)
      : Uint32Array.from({ length: this.#count }, (_, i) => i);
    return groups === undefined ? order : batchesByGroup(order, { groups, batch });
  }
}

/** Full batches of one group each, in the order in which they get full, those that had to be filled at the end. */
function batchesByGroup(
  order: Uint32Array,
  { groups, batch }: { groups: ArrayLike<number>; batch: number },
): Uint32Array {
  const places: number[] = [];
  const members = new Map<number, number[]>();
  for (const index of order) {
    const group = groups[index]!;
    const list = members.get(group) ?? [];
    members.set(group, list);
    list.push(index);
    if (list.length % batch === 0) places.push(...list.slice(-batch));
  }
  for (const list of members.values()) {
    const full = list.length - list.length % batch;
    for (let i = full; full < list.length && i < full + batch; i++) places.push(list[i % list.length]!);
  }
  return Uint32Array.from(places);
}
