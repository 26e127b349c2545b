/**
 * Stochastic gradient descent.
 * @module
 */
import { add, mul, sub } from "../../onnx/mod.ts";
import type { Optimiser } from "./optimiser.ts";

/** Settings of {@linkcode sgd}, with torch's defaults. */
export interface SgdOptions {
  momentum?: number;
  /** Looks one momentum step ahead (http://proceedings.mlr.press/v28/sutskever13.html, eq. 3 and 4). */
  nesterov?: boolean;
  weightDecay?: number;
}

/** SGD with momentum as `torch.optim.SGD` has it: g ← g + λ·w, u ← μ·u + g, w ← w − η·u, or w − η·(g + μ·u) with Nesterov's. */
export function sgd({ momentum = 0, nesterov = false, weightDecay = 0 }: SgdOptions = {}): Optimiser {
  return {
    name: "sgd",
    slots: momentum === 0 ? [] : ["u"],
    numbers: ({ learningRate }) => ({ rate: learningRate }),
    update: ({ weight, gradient, slots: { u }, numbers: { rate }, decays }) => {
      const g = decays && weightDecay !== 0 ? add(gradient, mul(weight, weightDecay)) : gradient;
      if (!u) return { weight: sub(weight, mul(g, rate!)), slots: {} };
      const velocity = add(mul(u, momentum), g);
      const step = nesterov ? add(g, mul(velocity, momentum)) : velocity;
      return { weight: sub(weight, mul(step, rate!)), slots: { u: velocity } };
    },
  };
}
