/**
 * What a scheduler is: it leads a sample from noise to data.
 *
 * Times are those that networks are told: 1 is noise, 0 is data. A noise schedule says how much of each there is at a time.
 * @module
 */

/** How much of a sample is data at each time. */
export interface NoiseSchedule {
  /** ᾱ(t), the share of the data's variance in a sample at time `t`: falls from t = 0 to t = 1, and is never quite 0 or 1. */
  alphaCumprod(t: number): number;
  /** The same with every operation rounded to float32 as torch does, for samplers that repeat a reference bit for bit. */
  alphaCumprod32(t: number): number;
  /** The time at which ᾱ is what is given, or is clamped to it. */
  timeOf(alphaCumprod: number): number;
}

/** A sample at a time, and what a network made of it. */
export interface Predicted {
  /** What the network predicted from `sample`, guidance applied. */
  readonly modelOutput: Float32Array;
  /** The sample that it was predicted from. */
  readonly sample: Float32Array;
}

/** What a network predicts: the noise ε, the data x₀, or the velocity v. Turns it into either of the first two. */
export interface Prediction {
  /** As in diffusers' `prediction_type`: `epsilon`, `sample` or `v_prediction`. */
  readonly name: string;
  /** The data x̂₀ at a noise level ᾱ. */
  clean(predicted: Predicted, alphaCumprod: number): Float32Array;
  /** The noise ε̂ at a noise level ᾱ. */
  noise(predicted: Predicted, alphaCumprod: number): Float32Array;
}

/** What a step predicted the data to be. */
export interface CleanPrediction {
  /** The time that it was predicted at. */
  readonly t: number;
  /** x̂₀, as long as a sample. */
  readonly clean: Float32Array;
}

/** What one step of a scheduler gets. Arrays hold the elements of a whole batch, in any shape, and are not changed. */
export interface StepInput extends Predicted {
  /** Where the sample stands, 0 (clean) … 1 (noise). */
  readonly t: number;
  /** Where the result shall stand: below `t`, or equal to it where a list repeats a time. */
  readonly tPrev: number;
  /** Standard normal noise for this step, as long as `sample`. */
  readonly noise: Float32Array;
  /** What the steps before predicted, the newest first; at most {@linkcode historyLength} of them. */
  readonly history: readonly CleanPrediction[];
  /** Evaluates the network again, guidance applied: what it predicts from `sample` at time `t`. */
  predict(sample: Float32Array, t: number): Promise<Float32Array>;
}

/** How many earlier clean predictions a step is given at most. */
export const historyLength = 3;

/** What a scheduler is made for. */
export interface SchedulerContext {
  /** The schedule that the networks were trained with. */
  readonly schedule: NoiseSchedule;
  /** What the networks predict. */
  readonly prediction: Prediction;
}

/** A scheduler is pure: it keeps no state, draws no numbers, and returns new arrays. */
export interface Scheduler {
  /** Evaluations of the network in a step, for forecasts; 1 where left out. */
  readonly evaluations?: number;
  /** The n + 1 times of n steps where nobody asks for others; even steps from 1 to 0 where left out. */
  timesteps?(n: number): ArrayLike<number>;
  /**
   * Takes one step from `t` to `tPrev`.
   *
   * @returns the sample at `tPrev`, as long as the one at `t`
   */
  step(input: StepInput): Float32Array | Promise<Float32Array>;
  /** Frees what it holds, once a loop has ended. */
  dispose?(): void | Promise<void>;
}
