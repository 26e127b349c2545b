/**
 * Every Stage C that is a network, told apart by its configuration: Würstchen's own, or the transformer of this project.
 * @module
 */
import { z } from "zod";
import type { Value } from "../onnx/mod.ts";
import { ditPrior, type DitPriorConfig, ditPriorConfig } from "./dit_prior.ts";
import { type PriorConfig, priorConfig, wuerstchenPrior } from "./prior.ts";

/** Sizes of either network. */
export type StageCConfig = PriorConfig | DitPriorConfig;

/** Whether a `config.json` is the transformer's: its `_class_name` says so. */
export function namesDit(json: unknown): boolean {
  return z.object({ _class_name: z.literal("WuerstchenDiTPrior") }).safeParse(json).success;
}

/** The schema for a `config.json`: the transformer's, or that of Würstchen's own. */
export function stageCSchema(json: unknown): typeof ditPriorConfig | typeof priorConfig {
  return namesDit(json) ? ditPriorConfig : priorConfig;
}

/** Whether a configuration is the transformer's. */
export function isDit(config: StageCConfig): config is DitPriorConfig {
  return "mlp_ratio" in config;
}

/** Class that a configuration is of, as `config.json` names it. */
export function stageCClassName(config: StageCConfig): string {
  return isDit(config) ? config._class_name : "WuerstchenPrior";
}

/**
 * Predicts the noise ε in `x` [b, c_in, h, w], given timesteps 0…1 `r` [b] and text states `c` [b, t, c_cond]: [b, c_in, h, w].
 */
export function predictNoise(config: StageCConfig, inputs: { x: Value; r: Value; c: Value }): Value {
  return isDit(config) ? ditPrior(config, inputs) : wuerstchenPrior(config, inputs);
}
