/**
 * First values of a network's parameters, as the Python classes set them.
 * @module
 */
import { TorchGenerator } from "../tensor/random/torch_generator.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";

/** A distribution: its numbers are drawn, or all are the same. */
export type Distribution =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal"; readonly deviation: number }
  /** U(−b, b) with b = √(6 / (fan-in + fan-out)) (Glorot and Bengio 2010, eq. 16; `xavier_uniform_`). */
  | { readonly kind: "xavier" }
  /** U(−b, b) with b = 1/√fan-in: what torch gives linear and convolution layers, weights and biases, by default. */
  | { readonly kind: "fanIn" };

/** What a key begins with: the first pattern that matches counts. */
export type InitialValues = readonly (readonly [RegExp, Distribution])[];

const zero: Distribution = { kind: "constant", value: 0 };
const one: Distribution = { kind: "constant", value: 1 };

/** Norms start as the identity, GRN and the mixing scalars of Stage A as nothing, running statistics as those of unit data. */
const common: InitialValues = [
  [/(^|\.)running_mean$/, zero],
  [/(^|\.)running_var$/, one],
  [/(^|\.)(gamma|beta|gammas)$/, zero],
  [/norm\d?\.weight$/, one],
  [/norm\d?\.bias$/, zero],
];

/**
 * Stage C: torch's defaults, but the output layer starts at zero, without which the division by |1 − b| explodes
 * (dome272/Wuerstchen, `modules/prior.py`).
 */
export const priorInit: InitialValues = [[/^out\.1\./, zero], ...common, [/./, { kind: "fanIn" }]];

/**
 * The transformer as Stage C: blocks start as the identity, since their gates do, and the output at zero (adaLN-Zero; Peebles and Xie
 * 2023, §3.2).
 */
export const ditInit: InitialValues = [
  [/(^|\.)(modulation\.(weight|bias)|table)$/, zero],
  [/^out\.projection\./, zero],
  [/\.bias$/, zero],
  [/./, { kind: "xavier" }],
];

/**
 * Stage B (`WuerstchenDiffNeXt._init_weights`): Xavier, biases and the output at zero, conditionings at a deviation of 0.02,
 * and the last layer of each ConvNeXt block at 1/√blocks of its size.
 */
export const decoderInit: InitialValues = [
  [/^clf\.1\./, zero],
  [/^(clip_mapper|effnet_mappers\.\d+)\.weight$/, { kind: "normal", deviation: 0.02 }],
  [/\.mapper\.weight$/, zero],
  ...common,
  [/\.bias$/, zero],
  [/./, { kind: "xavier" }],
];

/** Stage A: torch's defaults; the codebook starts like the normed latents that it stands for. */
export const vqganInit: InitialValues = [
  [/^vquantizer\.embedding\.weight$/, { kind: "normal", deviation: 1 }],
  [/^down_blocks\.\d+\.1\.weight$/, one],
  [/^down_blocks\.\d+\.1\.bias$/, zero],
  ...common,
  [/./, { kind: "fanIn" }],
];

/** What the first values of T5's encoder depend on. */
export interface T5Sizes {
  readonly d_model: number;
  readonly d_kv: number;
  readonly d_ff: number;
  readonly num_heads: number;
}

/** The text encoder (`CLIPPreTrainedModel._init_weights`), whose deviations follow its width and depth. */
export function clipTextInit({ width, layers }: { width: number; layers: number }): InitialValues {
  const inner = width ** -0.5 * (2 * layers) ** -0.5;
  const normal = (deviation: number): Distribution => ({ kind: "normal", deviation });
  return [
    ...common,
    [/\.bias$/, zero],
    [/_embedding\.weight$/, normal(0.02)],
    [/\.[qkv]_proj\.weight$/, normal(inner)],
    [/\.out_proj\.weight$/, normal(width ** -0.5)],
    [/\.fc1\.weight$/, normal((2 * width) ** -0.5)],
    [/\.fc2\.weight$/, normal(inner)],
    [/./, normal(width ** -0.5)],
  ];
}

/** T5's encoder (`T5PreTrainedModel._init_weights`): the scores are not scaled, so the first values of `q` are. */
export function t5Init({ d_model, d_kv, d_ff, num_heads }: T5Sizes): InitialValues {
  const normal = (size: number): Distribution => ({ kind: "normal", deviation: size ** -0.5 });
  return [
    ...common,
    [/^shared\.weight$/, normal(1)],
    [/\.wo\.weight$/, normal(d_ff)],
    [/\.q\.weight$/, normal(d_model * d_kv)],
    [/\.o\.weight$/, normal(num_heads * d_kv)],
    [/./, normal(d_model)],
  ];
}

/** Networks of this project's own: torch's defaults. */
export const plainInit: InitialValues = [...common, [/./, { kind: "fanIn" }]];

/** A number of 32 bits out of a key (FNV-1a), so that a parameter's values do not depend on the order of the others. */
function hashKey(key: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** Inputs and outputs of one unit of a weight [o, i, …], as torch counts them; a bias follows its weight. */
function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const field = sizeOf(shape.slice(2));
  return { fanIn: (shape[1] ?? 1) * field, fanOut: (shape[0] ?? 1) * field };
}

/**
 * Draws the first values of every parameter.
 *
 * @param parameters shape of each parameter by key
 * @throws {RangeError} where no pattern matches a key
 */
export function initialise(
  parameters: ReadonlyMap<string, readonly number[]>,
  { values, seed }: { values: InitialValues; seed: number },
): Map<string, Tensor<"float32">> {
  const made = new Map<string, Tensor<"float32">>();
  for (const [key, shape] of parameters) {
    const distribution = values.find(([pattern]) => pattern.test(key))?.[1];
    if (!distribution) throw new RangeError(`Expected initial values for "${key}"`);
    const weight = parameters.get(key.replace(/\.bias$/, ".weight")) ?? shape;
    made.set(key, draw(distribution, { shape, weight, seed: (hashKey(key) ^ seed) >>> 0 }));
  }
  return made;
}

function draw(
  distribution: Distribution,
  { shape, weight, seed }: { shape: readonly number[]; weight: readonly number[]; seed: number },
): Tensor<"float32"> {
  const generator = new TorchGenerator(seed);
  const { fanIn, fanOut } = fans(weight);
  const uniform = (bound: number) => {
    const numbers = generator.uniform(shape).data as Float32Array;
    return tensor("float32", shape, numbers.map((value) => (2 * value - 1) * bound));
  };
  switch (distribution.kind) {
    case "constant":
      return tensor("float32", shape, new Float32Array(sizeOf(shape)).fill(distribution.value));
    case "normal": {
      const numbers = generator.normal(shape).data as Float32Array;
      return tensor("float32", shape, numbers.map((value) => value * distribution.deviation));
    }
    case "xavier":
      return uniform(Math.sqrt(6 / (fanIn + fanOut)));
    case "fanIn":
      return uniform(1 / Math.sqrt(fanIn));
  }
}
