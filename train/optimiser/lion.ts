/**
 * Lion, an optimiser that was found by search and steps by signs.
 * @module
 */
import { add, mul, sign, sub } from "../../onnx/mod.ts";
import type { Optimiser } from "./optimiser.ts";

/** Settings of {@linkcode lion}, with the paper's defaults; its step size is to be three to ten times smaller than AdamW's. */
export interface LionOptions {
  beta1?: number;
  beta2?: number;
  weightDecay?: number;
}

/**
 * Lion (https://arxiv.org/abs/2302.06675, program 1 and algorithm 2):
 * w ← (1 − η·λ)·w − η·sign(β₁·m + (1−β₁)·g), m ← β₂·m + (1−β₂)·g.
 */
export function lion({ beta1 = 0.9, beta2 = 0.99, weightDecay = 0 }: LionOptions = {}): Optimiser {
  return {
    name: "lion",
    slots: ["m"],
    numbers: ({ learningRate }) => ({ keep: 1 - learningRate * weightDecay, rate: learningRate }),
    update: ({ weight, gradient, slots: { m }, numbers: { keep, rate }, decays }) => {
      const difference = sub(gradient, m!);
      const direction = sign(add(m!, mul(difference, 1 - beta1)));
      const kept = decays && weightDecay !== 0 ? mul(weight, keep!) : weight;
      return {
        weight: sub(kept, mul(direction, rate!)),
        slots: { m: add(m!, mul(difference, 1 - beta2)) },
      };
    },
  };
}
