/**
 * Adds LoRAs to a network's weights, inside of its graph.
 * @module
 */
import { addLowRank, type Graph, parameter, replaceGraphParameters, scope, type Value } from "../onnx/mod.ts";
import type { StoredTensor } from "./checkpoint.ts";
import type { LoraPairs } from "./lora.ts";

/** A LoRA as one network sees it. */
export interface AppliedLora {
  readonly pairs: LoraPairs;
  /** The user's factor; 1 is the strength that it was trained with. */
  readonly scale: number;
  /** @throws {CheckpointError} where its file is gone or another one than was opened */
  checkUnchanged(): Promise<void>;
}

/**
 * Replaces each weight W that a LoRA changes by W + Σ scale·up·down (https://arxiv.org/abs/2106.09685, eq. 3). The factors become
 * parameters like any other, so that they stay in their files, and the runtime folds the sum while the session is built.
 *
 * @returns the graph, and where its new parameters lie, by their keys: `blocks.2.attention.to_q.lora.0.up`
 */
export function applyLoras(
  graph: Graph,
  loras: readonly Pick<AppliedLora, "pairs" | "scale">[],
): { graph: Graph; tensors: ReadonlyMap<string, StoredTensor> } {
  const tensors = new Map<string, StoredTensor>();
  if (loras.length === 0) return { graph, tensors };
  const changed = replaceGraphParameters(graph, (weight, key) => {
    const module = key.slice(0, key.lastIndexOf("."));
    let sum: Value | undefined;
    for (const [i, { pairs, scale }] of loras.entries()) {
      const pair = pairs.get(key);
      if (!pair) continue;
      const factor = (name: "down" | "up") => {
        tensors.set(`${module}.lora.${i}.${name}`, pair[name]);
        return parameter(name, pair[name].shape);
      };
      sum = scope(`${module}.lora.${i}`, () => {
        return addLowRank(sum ?? weight, { down: factor("down"), up: factor("up"), scale: pair.scale * scale });
      });
    }
    return sum;
  });
  return { graph: changed, tensors };
}
