import { ConfigError } from "../errors.ts";
import type { Prediction } from "../plugins/contracts/scheduler.ts";
import { weightedSum } from "./weighted_sum.ts";

/** a = √ᾱ and b = √(1 − ᾱ): x = a·x₀ + b·ε. */
const parts = (alphaCumprod: number) => [Math.sqrt(alphaCumprod), Math.sqrt(1 - alphaCumprod)] as const;

/** The noise ε itself (Ho, Jain and Abbeel 2020): x₀ = (x − b·ε)/a. */
const epsilon: Prediction = {
  name: "epsilon",
  noise: ({ modelOutput }) => modelOutput,
  clean({ modelOutput, sample }, alphaCumprod) {
    const [a, b] = parts(alphaCumprod);
    return weightedSum([1 / a, sample], [-b / a, modelOutput]);
  },
};

/** The data x₀ itself: ε = (x − a·x₀)/b. */
const sample: Prediction = {
  name: "sample",
  clean: ({ modelOutput }) => modelOutput,
  noise({ modelOutput, sample }, alphaCumprod) {
    const [a, b] = parts(alphaCumprod);
    return weightedSum([1 / b, sample], [-a / b, modelOutput]);
  },
};

/** The velocity v = a·ε − b·x₀ (Salimans and Ho 2022, appendix D): x₀ = a·x − b·v, ε = b·x + a·v. */
const velocity: Prediction = {
  name: "v_prediction",
  clean({ modelOutput, sample }, alphaCumprod) {
    const [a, b] = parts(alphaCumprod);
    return weightedSum([a, sample], [-b, modelOutput]);
  },
  noise({ modelOutput, sample }, alphaCumprod) {
    const [a, b] = parts(alphaCumprod);
    return weightedSum([b, sample], [a, modelOutput]);
  },
};

const predictions: ReadonlyMap<string, Prediction> = new Map(
  [epsilon, sample, velocity].map((prediction) => [prediction.name, prediction]),
);

/**
 * What a network predicts, by diffusers' name of it.
 *
 * @param name `epsilon` (the default), `sample` or `v_prediction`
 * @throws {ConfigError} where it is none of them
 */
export function predictionOf(name = "epsilon"): Prediction {
  const found = predictions.get(name);
  if (found) return found;
  throw new ConfigError(
    `Expected prediction_type to be ${[...predictions.keys()].join(" or ")} but found ${JSON.stringify(name)}`,
  );
}
