/**
 * LoRA: the weights stay as they are, and a low-rank change of them is trained (https://arxiv.org/abs/2106.09685).
 * @module
 */
import { ConfigError } from "../errors.ts";
import { addLowRank, type Node, parameter, replaceParameters, scope, sortNodes, type Value } from "../onnx/mod.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { initialise, type InitialValues } from "./initialise.ts";
import type { Objective } from "./phases/objective.ts";

/** Which weights are changed, and how much. */
export interface LoraOptions {
  /** Rank r of the change. */
  readonly rank: number;
  /** The change is alpha / rank times up·down; `rank` where left out. */
  readonly alpha?: number | undefined;
  /**
   * Layers by the end of their path, as in PEFT (`to_q`, `channelwise.0`), or an expression over the keys of their weights; the
   * linear layers of diffusers' attention where left out.
   */
  readonly targets?: readonly string[] | RegExp | undefined;
}

/** An objective whose base weights are frozen. */
export interface LoraObjective {
  readonly objective: Objective;
  /** Shapes of the factors by key, as PEFT and diffusers name them: `prior.blocks.2.attention.to_q.lora_A.weight`. */
  readonly factors: ReadonlyMap<string, readonly number[]>;
}

/** Layers that diffusers' training scripts change. */
const attentionLayers = ["to_k", "to_q", "to_v", "to_out.0"];

const factorKey = /\.lora_[AB]\.weight$/;

/** Whether a parameter is a factor of a LoRA: what `trained` of a training step has to choose. */
export function isLoraFactor(key: string): boolean {
  return factorKey.test(key);
}

/**
 * Makes W + (alpha / rank)·B·A of every weight W that is chosen, in an objective of any network: B is the parameter
 * `….lora_B.weight` [o, r], A `….lora_A.weight` [r, i]. A kernel [o, i, h, w] has A [r, i, h, w] and B [o, r, 1, 1].
 *
 * The objective that is handed in can still be used.
 *
 * @throws {ConfigError} where rank or alpha is not above 0, or a target is no dense layer or is not there
 */
export function withLora(
  { loss, metrics, buffers }: Objective,
  { rank, alpha = rank, targets = attentionLayers }: LoraOptions,
): LoraObjective {
  if (!Number.isSafeInteger(rank) || rank < 1) throw new ConfigError(`Expected a LoRA's rank from 1 but found ${rank}`);
  if (!(alpha > 0 && Number.isFinite(alpha))) {
    throw new ConfigError(`Expected a LoRA's alpha above 0 but found ${alpha}`);
  }
  const nodes = sortNodes([loss, ...Object.values(metrics), ...buffers.values()]);
  const chosen = chooseWeights(nodes, targets);
  const factors = new Map<string, readonly number[]>();
  const factor = (module: string, name: "lora_A" | "lora_B", shape: readonly number[]) => {
    factors.set(`${module}.${name}.weight`, shape);
    return scope(name, () => parameter("weight", shape));
  };
  const { of } = replaceParameters(nodes, (weight, key) => {
    if (!chosen.has(key)) return undefined;
    const module = key.slice(0, -".weight".length);
    const [o, ...rest] = weight.shape as readonly number[];
    return scope(module, () => {
      const down = factor(module, "lora_A", [rank, ...rest]);
      const up = factor(module, "lora_B", [o!, rank, ...rest.slice(1).map(() => 1)]);
      return addLowRank(weight, { down, up, scale: alpha / rank });
    });
  });
  const objective: Objective = {
    loss: of(loss),
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, of(value)])),
    buffers: new Map([...buffers].map(([key, value]) => [key, of(value)])),
  };
  return { objective, factors };
}

/** Keys of the weights that the targets choose among those of dense layers. */
function chooseWeights(nodes: readonly Node[], targets: readonly string[] | RegExp): ReadonlySet<string> {
  const dense = [...denseWeights(nodes)];
  const among = (matches: (key: string) => boolean, what: string) => {
    const keys = dense.filter(matches);
    if (keys.length > 0) return keys;
    throw new ConfigError(`Expected a dense layer that a LoRA can change but found none for ${what}`);
  };
  if (targets instanceof RegExp) return new Set(among((key) => key.search(targets) >= 0, String(targets)));
  if (targets.length === 0) throw new ConfigError("Expected layers that a LoRA changes but found an empty list");
  return new Set(targets.flatMap((end) => among((key) => `.${key}`.endsWith(`.${end}.weight`), `"${end}"`)));
}

/** Weights of matrix products and of convolutions over all channels; a Reshape may stand between. */
function denseWeights(nodes: readonly Node[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { op, inputs, attributes } of nodes) {
    if (op !== "Gemm" && op !== "MatMul" && !(op === "Conv" && attributes["group"] === 1n)) continue;
    const key = parameterKey(inputs[1]!);
    if (key?.endsWith(".weight")) keys.add(key);
  }
  return keys;
}

function parameterKey({ source }: Value): string | undefined {
  if (source.kind === "parameter") return source.key;
  return source.kind === "node" && source.node.op === "Reshape" ? parameterKey(source.node.inputs[0]!) : undefined;
}

/** A is drawn from U(−1/√fan-in, 1/√fan-in), which is `kaiming_uniform_(a=√5)`; B is zero, so the change begins at none (PEFT). */
const loraInit: InitialValues = [
  [/\.lora_A\.weight$/, { kind: "fanIn" }],
  [/\.lora_B\.weight$/, { kind: "constant", value: 0 }],
];

/** First values of the factors. */
export function initialiseLora(
  factors: ReadonlyMap<string, readonly number[]>,
  { seed }: { seed: number },
): Map<string, Tensor<"float32">> {
  return initialise(factors, { values: loraInit, seed });
}
