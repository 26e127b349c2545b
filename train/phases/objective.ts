/**
 * What a phase of training minimises.
 * @module
 */
import { add, GraphError, input, mul, reduceMean, reshape, sqrt, sub, type Value } from "../../onnx/mod.ts";

/** A network in training, as values of one graph. */
export interface Objective {
  /** The scalar that is minimised. */
  readonly loss: Value;
  /** Scalars to report beside it, by name. */
  readonly metrics: Readonly<Record<string, Value>>;
  /** What running statistics and the like become after this step, by key. */
  readonly buffers: ReadonlyMap<string, Value>;
}

/** A number for each picture of a batch, ready to be multiplied with [b, c, h, w]. */
export function perPicture(name: string, batch: number): Value {
  return reshape(input(name, "float32", [batch]), [batch, 1, 1, 1]);
}

/** Mean of all elements: [...] → a scalar. */
export function mean(x: Value): Value {
  return reshape(reduceMean(x, { axes: x.shape.map((_, axis) => axis) }), []);
}

/** Mean squared difference: a scalar. */
export function meanSquaredError(a: Value, b: Value): Value {
  const difference = sub(a, b);
  return mean(mul(difference, difference));
}

/** Mean squared difference of each picture of a batch: [b, c, h, w] → [b]. */
export function squaredErrorByPicture(a: Value, b: Value): Value {
  if (a.rank !== 4) throw new GraphError(`Expected pictures [b, c, h, w] but found rank ${a.rank}`);
  const difference = sub(a, b);
  return reshape(reduceMean(mul(difference, difference), { axes: [1, 2, 3] }), [a.dim(0)]);
}

/** √ᾱ·x + √(1−ᾱ)·ε: a clean sample with noise mixed in (https://arxiv.org/abs/2006.11239, eq. 4); ᾱ broadcasts to x. */
export function addNoise(x: Value, noise: Value, alphaCumprod: Value): Value {
  return add(mul(sqrt(alphaCumprod), x), mul(sqrt(sub(1, alphaCumprod)), noise));
}
