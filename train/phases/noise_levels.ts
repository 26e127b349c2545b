/**
 * Noise levels of a batch: times, what is left of the signal, and the weight of each picture.
 * @module
 */
import type { NoiseSchedule } from "../../plugins/contracts/scheduler.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { TrainingConfig } from "../config.ts";
import type { BatchDraws } from "../draws.ts";
import { minSnrWeight, p2Weight } from "../optimiser/loss_weights.ts";

type LevelConfig = Pick<NonNullable<TrainingConfig["stageB"]>, "towardsNoise" | "weight">;

/** Shortest time that is trained: below it nothing is noise (`train_stage_C.py` of dome272/Wuerstchen). */
const leastTime = 0.001;

/** Tensors [b] from numbers. */
export function column(values: ArrayLike<number>): Tensor<"float32"> {
  return tensor("float32", [values.length], Float32Array.from(values));
}

/**
 * Draws `t`, `alpha_cumprod` and `weight`, each [batch]: t = max(u^(1/towardsNoise), 0.001) with u uniform in (0, 1].
 */
export function noiseLevels(
  draws: BatchDraws,
  { batch, schedule, config: { towardsNoise, weight } }: {
    batch: number;
    schedule: NoiseSchedule;
    config: LevelConfig;
  },
): Record<"t" | "alpha_cumprod" | "weight", Tensor<"float32">> {
  const times = draws.uniform("timestep", batch).map((u) => Math.max((1 - u) ** (1 / towardsNoise), leastTime));
  const signal = times.map((t) => schedule.alphaCumprod32(t));
  return { t: column(times), alpha_cumprod: column(signal), weight: column(signal.map((a) => weightOf(a, weight))) };
}

/** Weight of a noise level ᾱ in the loss. */
export function weightOf(alphaCumprod: number, weight: LevelConfig["weight"]): number {
  switch (weight.kind) {
    case "p2":
      return p2Weight(alphaCumprod, weight);
    case "minSnr":
      return minSnrWeight(alphaCumprod, weight);
    case "none":
      return 1;
  }
}
