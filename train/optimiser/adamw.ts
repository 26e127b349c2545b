/**
 * Adam with decoupled weight decay.
 * @module
 */
import { add, div, mul, sqrt, sub } from "../../onnx/mod.ts";
import type { Optimiser } from "./optimiser.ts";

/** Settings of {@linkcode adamW}, with torch's defaults. */
export interface AdamWOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
}

/**
 * AdamW (https://arxiv.org/abs/1711.05101, algorithm 2; `torch.optim.AdamW`), the bias corrections drawn into step size and ε
 * (https://arxiv.org/abs/1412.6980, end of §2):
 * m ← m + (1−β₁)(g − m), v ← v + (1−β₂)(g² − v), w ← (1 − η·λ)·w − η·√c₂/c₁ · m/(√v + ε·√c₂) with cᵢ = 1 − βᵢᵗ.
 */
export function adamW(
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01 }: AdamWOptions = {},
): Optimiser {
  return {
    name: "adamw",
    slots: ["m", "v"],
    numbers: ({ step, learningRate }) => {
      const root = Math.sqrt(1 - beta2 ** step);
      return {
        keep: 1 - learningRate * weightDecay,
        rate: learningRate * root / (1 - beta1 ** step),
        epsilon: epsilon * root,
      };
    },
    update: ({ weight, gradient, slots: { m, v }, numbers: { keep, rate, epsilon }, decays }) => {
      const mean = add(m!, mul(sub(gradient, m!), 1 - beta1));
      const square = add(v!, mul(sub(mul(gradient, gradient), v!), 1 - beta2));
      const kept = decays && weightDecay !== 0 ? mul(weight, keep!) : weight;
      const step = mul(div(mean, add(sqrt(square), epsilon!)), rate!);
      return { weight: sub(kept, step), slots: { m: mean, v: square } };
    },
  };
}
