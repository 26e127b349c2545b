/** What one step of a scheduler needs. Arrays hold the elements of a whole batch, in any shape, and are not changed. */
export interface StepInput {
  /** What the network predicted from `sample` at time `t`, guidance applied. */
  modelOutput: Float32Array;
  /** The latents at time `t`. */
  sample: Float32Array;
  /** Where the sample stands, 0 (clean) … 1 (noise). */
  t: number;
  /** Where the result shall stand; below `t`. */
  tPrev: number;
  /** Standard normal noise for this step, as long as `sample`. */
  noise: Float32Array;
}

/**
 * Leads a sample from noise to data along a list of times.
 *
 * A scheduler is pure: it keeps no list, draws no numbers, and returns new arrays. The loop is
 * `for (const t of timesteps.slice(0, -1)) sample = step({ …, t, tPrev: previousTimestep(timesteps, t) })`: the last time of a list ends it and is
 * not evaluated, whether it is 0 or not.
 */
export interface Scheduler {
  /** What the scheduler is called in a config. */
  readonly name: string;

  /**
   * The n + 1 times of n even steps, from 1 down to 0.
   *
   * @throws {ConfigError} where `n` is not an integer from 1 to 1000000
   */
  timesteps(n: number): Float32Array;

  /**
   * The time that follows `t` in a list: the entry after the one nearest to `t`, of two equally near ones the first.
   *
   * @throws {RangeError} where the nearest entry is the last
   */
  previousTimestep(timesteps: ArrayLike<number>, t: number): number;

  /** ᾱ(t), the share of the data's variance in a sample at time `t`, in float32. */
  alphaCumprod(t: number): number;

  /**
   * Takes one step from `t` to `tPrev`.
   *
   * @throws {RangeError} where the arrays differ in length
   */
  step(input: StepInput): Float32Array;

  /**
   * Mixes clean samples with noise so that they stand at time `t`.
   *
   * @throws {RangeError} where the arrays differ in length
   */
  addNoise(sample: Float32Array, noise: Float32Array, t: number): Float32Array;
}
