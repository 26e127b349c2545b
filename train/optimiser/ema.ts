/**
 * Exponential moving averages of weights.
 * @module
 */
import { add, mul, sub, type Value } from "../../onnx/mod.ts";

/**
 * Share of the old average that stays: min(d, (1 + t)/(10 + t)) at the t-th step, so that the first steps are soon forgotten
 * (TensorFlow's `ExponentialMovingAverage` with `num_updates`).
 */
export function emaDecay(step: number, { decay }: { decay: number }): number {
  return Math.min(decay, (1 + step) / (10 + step));
}

/** d·average + (1 − d)·weight, where `rest` is 1 − d (https://arxiv.org/abs/2006.11239, appendix B). */
export function movingAverage(average: Value, weight: Value, { rest }: { rest: Value }): Value {
  return add(average, mul(sub(weight, average), rest));
}
