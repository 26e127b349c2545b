/**
 * Builds any of the networks from its class name and `config.json`, as the goldens of configurations name them.
 * @module
 */
import { clipText, clipTextConfig, clipTextWithProjection } from "../networks/clip_text.ts";
import { parseConfig } from "../networks/config.ts";
import { diffNeXtConfig, diffNeXtOutputs, wuerstchenDiffNeXt } from "../networks/diffnext.ts";
import { paellaDecode, paellaEncode, paellaQuantize, paellaVqConfig } from "../networks/paella_vq.ts";
import { priorConfig, wuerstchenPrior } from "../networks/prior.ts";
import type { Value } from "../onnx/mod.ts";

type Values = Record<string, Value>;

const file = "config.json";

/** For each class: its outputs, given values named like its inputs. An output is built when it is called for. */
const networks: Record<string, (config: unknown, inputs: Values) => Record<string, () => Value>> = {
  WuerstchenPrior(json, { x, r, c }) {
    const config = parseConfig(priorConfig, json, { file });
    return { noise: () => wuerstchenPrior(config, { x: x!, r: r!, c: c! }) };
  },
  WuerstchenDiffNeXt(json, { x, r, effnet, clip }) {
    const config = parseConfig(diffNeXtConfig, json, { file });
    const inputs = { x: x!, r: r!, effnet: effnet!, clip: clip! };
    const { a, b } = diffNeXtOutputs(config, inputs);
    return { a: () => a, b: () => b, noise: () => wuerstchenDiffNeXt(config, inputs) };
  },
  PaellaVQModel(json, { latents, pixels }) {
    const config = parseConfig(paellaVqConfig, json, { file });
    const { quantized, codes } = paellaQuantize(config, latents!);
    const [decoded, encoded] = [paellaDecode(config, latents!), paellaEncode(config, pixels!)];
    return { decoded: () => decoded, encoded: () => encoded, quantized: () => quantized, codes: () => codes };
  },
  CLIPTextModel: (json, inputs) => clip(clipText, json, inputs),
  CLIPTextModelWithProjection: (json, inputs) => clip(clipTextWithProjection, json, inputs),
};

function clip(build: typeof clipText, json: unknown, { ids, mask }: Values): Record<string, () => Value> {
  const config = parseConfig(clipTextConfig, json, { file });
  const { lastHiddenState, hiddenStates, pooled, textEmbeds } = build(config, { ids: ids!, mask: mask! });
  return {
    lastHiddenState: () => lastHiddenState,
    pooled: () => pooled,
    textEmbeds: () => textEmbeds!,
    ...Object.fromEntries(hiddenStates.map((state, i) => [`hiddenStates.${i}`, () => state])),
  };
}

/** Builds the network of class `cls` and returns those of its outputs that `wanted` names. */
export function buildNetwork(
  { cls, config }: { cls: string; config: unknown },
  inputs: Values,
  { wanted }: { wanted: readonly string[] },
): Values {
  const outputs = networks[cls]!(config, inputs);
  return Object.fromEntries(wanted.map((name) => [name, outputs[name]!()]));
}
